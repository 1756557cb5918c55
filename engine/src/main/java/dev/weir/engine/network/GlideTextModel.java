package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.Prompt;
import dev.weir.engine.Tensors;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import dev.weir.engine.prompt.TokenRow;
import java.util.List;

/**
 * The text transformer of GLIDE (Nichol et al. 2021, arXiv 2112.10741): the last hidden states of all positions, which all see each
 * other. Positions after the text have embeddings of their own. The state of the last position stands for the text.
 */
record GlideTextModel(int vocabulary, ClipLayers layers, int positions) implements TextNetwork {

    static final String NAME = "GlideTextModel";

    /** Which positions are of the text: 1, or 0; {@code [B, T, 1]}. */
    private static final String OWN = "own";

    /** The other positions. */
    private static final String PADDING = "padding";

    private static final String END = "end";

    static GlideTextModel read(JsonNode json) {
        var config = new Config(NAME, json);
        return new GlideTextModel(
                config.integer("vocab_size"), ClipLayers.read(config), config.integer("max_position_embeddings"));
    }

    @Override
    public int width() {
        return layers.width();
    }

    @Override
    public void describe(Script script) {
        var g = script.method(TextTransformer.FORWARD, "ids", "kept", OWN, PADDING, END);
        var ids = g.input(Input.Kind.IDS, "ids", 1, positions); // [B, T]
        var mask = g.maskOf(g.input(Input.Kind.FLAGS, "kept", 1, positions));
        var words = g.embedding(ids, "embeddings.token_embedding", vocabulary, width()); // [B, T, D]
        var x = g.add(words, atPlaces(g, ids, "embeddings.position_embedding"));
        x = g.add(
                g.multiply(x, g.cast(g.input(Input.Kind.SEQUENCE, OWN, 1, positions))),
                g.multiply(
                        atPlaces(g, ids, "embeddings.padding_embedding"),
                        g.cast(g.input(Input.Kind.SEQUENCE, PADDING, 1, positions))));
        var all = layers.states(g, x, mask);
        var states = g.layerNorm(all.get(all.size() - 1), "final_layer_norm", layers.eps());
        var last = g.pickToken(states, g.input(Input.Kind.LABELS, END, 1, 1)); // [B, D]
        g.returns(g.joinRows(List.of(states, last)));
    }

    /** Of each position, {@code [T, D]}. */
    private Value atPlaces(Graph g, Value ids, String table) {
        return g.embedding(g.positionsOf(ids), table, positions, width());
    }

    @Override
    public List<Feed> more(List<Prompt> prompts, List<TokenRow> rows) {
        return List.of(
                counting(rows, true),
                counting(rows, false),
                Feed.longs(bytes -> rows.forEach(row -> bytes.putLong(row.ids().length - 1)), rows.size()));
    }

    /** @param own whether positions of the text count, or those after it */
    private Feed counting(List<TokenRow> rows, boolean own) {
        return Feed.floats(
                bytes -> {
                    for (TokenRow row : rows) {
                        for (int i = 0; i < row.ids().length; i++) {
                            bytes.putFloat(i < row.own() == own ? 1 : 0);
                        }
                    }
                },
                rows.size(),
                positions,
                1);
    }

    @Override
    public int pooledWidth() {
        return width();
    }

    /** The UNet adds it to the timestep's embedding. */
    @Override
    public String pooledName() {
        return Tensors.CLASS_LABELS;
    }
}
