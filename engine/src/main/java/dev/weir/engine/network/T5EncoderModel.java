package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ModelException;
import dev.weir.engine.Prompt;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Graph.Mask;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import dev.weir.engine.prompt.TokenRow;
import java.util.List;
import java.util.Optional;

/**
 * The encoder of T5 (Raffel et al. 2019, arXiv 1910.10683) as a text encoder: the last hidden state of every token. Its attention knows
 * where tokens are by their distance alone.
 *
 * @param output whether tokens see the padding, and whether there are states of it
 */
record T5EncoderModel(Options options, ClipOutput output) implements TextNetwork {

    static final String NAME = "T5EncoderModel";

    /** A prompt's usual length, for packing weights. */
    private static final int NOMINAL_TOKENS = 256;

    private static final String WORDS = "shared";
    private static final String WORDS_OF_ENCODER = "encoder.embed_tokens";

    static T5EncoderModel read(JsonNode config) {
        return new T5EncoderModel(Options.read(config), ClipOutput.LAST);
    }

    @Override
    public TextNetwork giving(ClipOutput other) {
        if (other.skipped() > 0 || other.pooled()) {
            throw new ModelException("%s gives its last states only, not %s".formatted(NAME, other));
        }
        return new T5EncoderModel(options, other);
    }

    @Override
    public int width() {
        return options.width();
    }

    /** Distances have no end. */
    @Override
    public int positions() {
        return Integer.MAX_VALUE;
    }

    @Override
    public boolean isTrimmed() {
        return output.trimmed();
    }

    @Override
    public boolean hidesPadding() {
        return output.masked();
    }

    /** Published weights overflow fp16. */
    @Override
    public ComputeTarget target(ComputeTarget wanted) {
        return wanted.insteadOfFp16(Precision.FP32);
    }

    /** The bucket of the distance of each two tokens. */
    @Override
    public List<Feed> more(List<Prompt> prompts, List<TokenRow> rows) {
        int tokens = rows.stream().mapToInt(row -> row.ids().length).max().orElseThrow();
        return List.of(Feed.longs(
                bytes -> {
                    for (int query = 0; query < tokens; query++) {
                        for (int key = 0; key < tokens; key++) {
                            bytes.putLong(options.bucket(key - query));
                        }
                    }
                },
                tokens,
                tokens));
    }

    @Override
    public void describe(Script script) {
        var whole = script.method(TextTransformer.FORWARD, "ids", "kept", "buckets");
        var g = whole.at("encoder");
        var ids = whole.input(Input.Kind.IDS, "ids", 1, NOMINAL_TOKENS); // [B, T]
        var mask = whole.maskOf(whole.input(Input.Kind.FLAGS, "kept", 1, NOMINAL_TOKENS)); // [B, T]
        var buckets = whole.input(Input.Kind.IDS, "buckets", 1, NOMINAL_TOKENS); // [T, T]
        var bias = g.positionBias(
                buckets,
                "block.0.layer.0.SelfAttention.relative_attention_bias",
                options.buckets(),
                options.heads()); // [1, H, T, T]
        var x = whole.embedding(
                ids, whole.anyOf(WORDS, WORDS_OF_ENCODER), options.vocabulary(), options.width()); // [B, T, D]
        for (int i = 0; i < options.layers(); i++) {
            x = block(g.at("block." + i), x, mask, bias);
        }
        g.returns(g.rmsNorm(x, "final_layer_norm", options.eps()));
    }

    private Value block(Graph g, Value x, Mask mask, Value bias) {
        int inner = options.heads() * options.headWidth();
        var self = g.at("layer.0.SelfAttention");
        var h = g.rmsNorm(x, "layer.0.layer_norm", options.eps());
        var attended = g.attention(
                self.linear(h, "q", inner, false),
                self.linear(h, "k", inner, false),
                self.linear(h, "v", inner, false),
                options.heads(),
                mask,
                Optional.of(bias),
                true);
        x = g.add(x, self.linear(attended, "o", options.width(), false));
        return g.add(x, feedForward(g.at("layer.1.DenseReluDense"), g.rmsNorm(x, "layer.1.layer_norm", options.eps())));
    }

    private Value feedForward(Graph g, Value x) {
        int inner = options.innerWidth();
        var h = options.gated()
                ? g.multiply(g.geluTanh(g.linear(x, "wi_0", inner, false)), g.linear(x, "wi_1", inner, false))
                : g.relu(g.linear(x, "wi", inner, false));
        return g.linear(h, "wo", options.width(), false);
    }

    /** The words are there under either name, or both. */
    @Override
    public boolean spare(String weight) {
        return weight.equals(WORDS + ".weight") || weight.equals(WORDS_OF_ENCODER + ".weight");
    }

    /**
     * @param gated whether a gate of gelu (version 1.1) is in the feed-forward layers, and not relu (version 1.0)
     * @param buckets of distances; half of them are for tokens before
     * @param farthest distance that has a bucket of its own
     */
    record Options(
            int vocabulary,
            int width,
            int layers,
            int heads,
            int headWidth,
            int innerWidth,
            boolean gated,
            int buckets,
            int farthest,
            double eps) {

        static Options read(JsonNode json) {
            var config = new Config(NAME, json);
            var form = config.oneOf("feed_forward_proj", "relu", List.of("relu", "gated-gelu"));
            int buckets = config.integer("relative_attention_num_buckets", 32);
            if (buckets < 4 || buckets % 4 != 0) {
                throw config.refused("relative_attention_num_buckets", "a multiple of 4");
            }
            int farthest = config.integer("relative_attention_max_distance", 128);
            if (farthest <= buckets / 4) {
                throw config.refused("relative_attention_max_distance", "more than " + buckets / 4);
            }
            return new Options(
                    config.integer("vocab_size"),
                    config.integer("d_model"),
                    config.integer("num_layers"),
                    config.integer("num_heads"),
                    config.integer("d_kv"),
                    config.integer("d_ff"),
                    form.equals("gated-gelu"),
                    buckets,
                    farthest,
                    config.number("layer_norm_epsilon", 1e-6));
        }

        /** Near distances have a bucket each, and far ones share them by their logarithms. */
        int bucket(int distance) {
            int half = buckets / 2;
            int exact = half / 2;
            int away = Math.abs(distance);
            int first = distance > 0 ? half : 0;
            if (away < exact) {
                return first + away;
            }
            float share = (float) Math.log((float) away / exact) / (float) Math.log((double) farthest / exact);
            return first + Math.min(half - 1, exact + (int) (share * (half - exact)));
        }
    }
}
