package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Value;

/**
 * The cosines and sines of {@link Rotary} in a graph.
 *
 * @param cosines {@code [B, T, width / 2]}
 */
record Turns(Value cosines, Value sines) {

    /** @param tokens a prompt's usual number, for packing weights */
    static Turns inputs(Graph g, Rotary rotary, int tokens) {
        return new Turns(input(g, rotary, Rotary.COSINES, tokens), input(g, rotary, Rotary.SINES, tokens));
    }

    private static Value input(Graph g, Rotary rotary, String name, int tokens) {
        return g.input(Input.Kind.SEQUENCE, name, rotary.width() / 2, tokens);
    }

    /** Of the first tokens, as many as a sequence has. */
    Turns leading(Graph g, Value sequence) {
        return new Turns(g.leading(cosines, sequence), g.leading(sines, sequence));
    }

    /** Of what follows these. */
    Turns trailing(Graph g, Value sequence) {
        return new Turns(g.trailing(cosines, sequence), g.trailing(sines, sequence));
    }

    /** With tokens before the others, as many as a sequence has, that have no position: their angle is 0. */
    Turns padBefore(Graph g, Value sequence) {
        return new Turns(g.padBefore(cosines, sequence, 1), g.padBefore(sines, sequence, 0));
    }

    /** Queries or keys whose heads have pairs of neighbours turned. */
    Value of(Graph g, Value x, int heads) {
        return g.rotate(x, cosines, sines, heads);
    }

    /** The same of pairs of a number of a head's first half and one of its second. */
    Value ofHalves(Graph g, Value x, int heads) {
        return g.rotateHalves(x, cosines, sines, heads);
    }
}
