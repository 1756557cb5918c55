package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.Prompt;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import dev.weir.engine.prompt.TokenRow;
import java.util.ArrayList;
import java.util.List;

/**
 * CLIP's text transformer (Radford et al. 2021): one hidden state of every token, padding included, and the pooled state of
 * the text. Each row says which layer's state it wants and at which token its text ends.
 */
final class ClipTextModel implements TextNetwork {

    private final Options options;
    private final ClipOutput output;
    private final boolean takesVectors;

    ClipTextModel(Options options, ClipOutput output) {
        this(options, output, false);
    }

    private ClipTextModel(Options options, ClipOutput output, boolean takesVectors) {
        this.options = options;
        this.output = output;
        this.takesVectors = takesVectors;
    }

    static ClipTextModel read(JsonNode config) {
        return new ClipTextModel(Options.read(config), ClipOutput.LAST);
    }

    @Override
    public TextNetwork giving(ClipOutput other) {
        return new ClipTextModel(options, other, takesVectors);
    }

    @Override
    public boolean takesVectors() {
        return takesVectors;
    }

    @Override
    public TextNetwork takingVectors() {
        return new ClipTextModel(options, output, true);
    }

    @Override
    public void describe(Script script) {
        var names = new ArrayList<>(List.of("ids", "kept", "layer", "end"));
        if (takesVectors) {
            names.addAll(WordVectors.NAMES);
        }
        var whole = script.method(TextTransformer.FORWARD, names.toArray(String[]::new));
        var g = whole.at(script.hasWeight("embeddings.token_embedding.weight") ? "" : "text_model");
        var ids = g.input(Input.Kind.IDS, "ids", 1, options.positions()); // [B, T]
        var words = g.embedding(ids, "embeddings.token_embedding", options.vocabulary(), options.width());
        var x = g.add(
                takesVectors ? WordVectors.in(g, words, options.width(), options.positions()) : words,
                g.embedding(
                        g.positionsOf(ids),
                        "embeddings.position_embedding",
                        options.positions(),
                        options.width())); // [B, T, D]
        var mask = g.causalMaskOf(g.input(Input.Kind.FLAGS, "kept", 1, options.positions()));
        var all = options.layers().states(g, x, mask);
        var states = g.pick(g.stack(all), g.input(Input.Kind.LABELS, "layer", 1, 1)); // [B, T, D]
        if (output.normed()) {
            states = norm(g, states);
        }
        if (!hasPooled()) {
            g.returns(states);
            return;
        }
        var last = all.get(all.size() - 1);
        var pooled = norm(g, g.pickToken(last, g.input(Input.Kind.LABELS, "end", 1, 1))); // [B, D]
        if (options.projected()) {
            pooled = whole.linear(pooled, "text_projection", options.projection(), false); // [B, P]
        }
        g.returns(g.joinRows(List.of(states, pooled))); // [B, T * D + P]
    }

    private Value norm(Graph g, Value x) {
        return g.layerNorm(x, "final_layer_norm", options.layers().eps());
    }

    private boolean hasPooled() {
        return options.projected() || output.pooled();
    }

    @Override
    public boolean isTrimmed() {
        return output.trimmed();
    }

    @Override
    public boolean hidesPadding() {
        return output.masked();
    }

    @Override
    public int width() {
        return options.width();
    }

    @Override
    public int positions() {
        return options.positions();
    }

    /** The layer of each row's states, and where its text ends. */
    @Override
    public List<Feed> more(List<Prompt> prompts, List<TokenRow> rows) {
        return List.of(
                Feed.longs(
                        bytes -> prompts.forEach(prompt -> bytes.putLong(maxClipSkip() - prompt.clipSkip())),
                        rows.size()),
                Feed.longs(
                        bytes -> rows.forEach(row -> bytes.putLong(row.end() < 0 ? options.end(row.ids()) : row.end())),
                        rows.size()));
    }

    /** All layers but those that the family leaves out: with 0 the states are the embeddings of the tokens. */
    @Override
    public int maxClipSkip() {
        return options.layers().layers() - output.skipped();
    }

    @Override
    public int pooledWidth() {
        return options.projected() ? options.projection() : output.pooled() ? options.width() : 0;
    }

    @Override
    public String pooledName() {
        return options.projected() ? "text_embeds" : "pooler_output";
    }

    /** Tensors of CLIP checkpoints that may be there and are not needed: of later layers, of the other half, and buffers. */
    @Override
    public boolean spare(String name) {
        return name.endsWith("embeddings.position_ids")
                || name.endsWith("final_layer_norm.weight")
                || name.endsWith("final_layer_norm.bias")
                || name.equals("text_projection.weight")
                || name.equals("visual_projection.weight")
                || name.equals("logit_scale")
                || name.startsWith("vision_model.")
                || options.layers().isLater(name);
    }

    /**
     * @param projection the width of {@code text_embeds}, in a model that has them
     * @param eos the token that ends a text
     */
    record Options(int vocabulary, ClipLayers layers, int positions, boolean projected, int projection, int eos) {

        /** What transformers wrote for every model until its pull request 24773. The end is then the largest id. */
        private static final int LEGACY_EOS = 2;

        static Options read(JsonNode json) {
            var projected = json.path("architectures").path(0).asText("").equals("CLIPTextModelWithProjection");
            var config = new Config(projected ? "CLIPTextModelWithProjection" : "CLIPTextModel", json);
            return new Options(
                    config.integer("vocab_size"),
                    ClipLayers.read(config),
                    config.integer("max_position_embeddings", 77),
                    projected,
                    config.integer("projection_dim", 512),
                    config.whole("eos_token_id", 49407));
        }

        int width() {
            return layers.width();
        }

        /** The position of the token whose last state stands for the whole text. */
        int end(long[] ids) {
            int end = 0;
            for (int i = 0; i < ids.length; i++) {
                if (eos == LEGACY_EOS ? ids[i] > ids[end] : ids[i] == eos && ids[end] != eos) {
                    end = i;
                }
            }
            return end;
        }
    }
}
