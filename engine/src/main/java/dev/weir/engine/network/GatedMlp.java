package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;

/** A feed-forward layer whose hidden numbers are gated by the silu of others: SwiGLU (Shazeer 2020, arXiv 2002.05202). */
record GatedMlp(String gate, String hidden, String out) {

    Value of(Graph g, Value x, int inner) {
        var gated = g.multiply(g.silu(g.linear(x, gate, inner, false)), g.linear(x, hidden, inner, false));
        return g.linear(gated, out, x.channels(), false);
    }
}
