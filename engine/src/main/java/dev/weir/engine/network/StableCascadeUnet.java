package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser;
import dev.weir.engine.Join;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.Tensors;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import dev.weir.engine.network.CascadeLevel.Seen;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The network of both diffusions of Stable Cascade (Pernias et al. 2023, arXiv 2306.00637). It sees the embedding of a text; the prior's
 * also sees the text's states and what CLIP sees in a picture, and the decoder's what the prior made. It is told the time, from 1 to 0.
 *
 * @param channels of its samples
 * @param patch pixels of a sample that are one of the first level's, each way
 * @param context width of what it attends to
 * @param states width of a text's states; 0 where it takes none
 * @param pooled width of a text's embedding
 * @param pictures width of a picture's embedding; 0 where it takes none
 * @param tokens that an embedding becomes
 * @param made channels of what the prior made; 0 where it takes none
 * @param seen channels of a picture beside its sample, which is always of zeros here; 0 where it takes none
 * @param times what each level is told besides the time, which is always 0 here
 */
record StableCascadeUnet(
        int channels,
        int timeWidth,
        int patch,
        int context,
        int states,
        int pooled,
        int pictures,
        int tokens,
        int made,
        int seen,
        List<String> times,
        CascadeBlocks blocks)
        implements DenoisingNetwork {

    static final String NAME = "StableCascadeUNet";

    /** What the prior made, as diffusers calls it: once, another network made it of a picture. */
    static final String MADE = "effnet";

    private static final int NOMINAL_SIDE = 256;

    static StableCascadeUnet read(JsonNode json) {
        var config = new Config(NAME, json);
        int channels = config.integer("in_channels", 16);
        if (config.integer("out_channels", 16) != channels) {
            throw config.refused("out_channels", "in_channels");
        }
        int states = config.integer("clip_text_in_channels", 0);
        int pictures = config.integer("clip_image_in_channels", 0);
        if (states > 0 != pictures > 0) {
            throw config.refused("clip_image_in_channels", "a text's states and a picture's embedding, or neither");
        }
        var network = new StableCascadeUnet(
                channels,
                config.even("timestep_ratio_embedding_dim", config.integer("timestep_ratio_embedding_dim", 64)),
                config.integer("patch_size", 1),
                config.integer("conditioning_dim", 2048),
                states,
                config.integer("clip_text_pooled_in_channels", 1280),
                pictures,
                config.integer("clip_seq", 4),
                config.integer("effnet_in_channels", 0),
                config.integer("pixel_mapper_in_channels", 0),
                times(config),
                CascadeBlocks.read(config));
        config.ignore("dropout");
        config.refuseTheRest();
        return network;
    }

    /** What it is told besides the time. */
    static List<String> times(Config config) {
        var key = "timestep_conditioning_type";
        return config.has(key) ? config.texts(key) : List.of("sca", "crp");
    }

    @Override
    public List<NetworkInput> inputs() {
        var inputs = new ArrayList<>(List.of(GraphInputs.rows(AddedEmbedding.TEXT_EMBEDS, pooled)));
        if (states > 0) {
            inputs.add(GraphInputs.sequence(Tensors.ENCODER_HIDDEN_STATES, states, Join.STACK));
            inputs.add(GraphInputs.rows(Tensors.IMAGE_EMBEDS, pictures));
        }
        if (made > 0) {
            inputs.add(new NetworkInput(MADE, List.of(made, NetworkInput.ANY, NetworkInput.ANY), Join.STACK));
        }
        return List.copyOf(inputs);
    }

    @Override
    public int width() {
        return blocks.widest();
    }

    @Override
    public long places(long pixels) {
        return pixels / ((long) patch * patch);
    }

    /** The published weights of the prior, which are bf16, overflow fp16. */
    @Override
    public ComputeTarget target(ComputeTarget wanted) {
        return wanted.insteadOfFp16(Precision.BF16);
    }

    @Override
    public Denoiser runBy(AdaptableNetwork network) {
        return new NetworkDenoiser(network, channels, channels, inputs(), 0);
    }

    @Override
    public void describe(Script script) {
        var g = script.method(NetworkDenoiser.FORWARD, GraphInputs.names(inputs()));
        int width = blocks.levels().get(0).width();
        int side = NOMINAL_SIDE / patch * patch;
        var sample = g.castImage(g.input(Input.Kind.IMAGE, "sample", channels, side * side)); // [B, C, h, w]
        var first = blocks.patches(g, sample, patch);
        var x = first.all(); // [B, T, D]
        if (made > 0) {
            var given = g.castImage(g.input(Input.Kind.IMAGE, MADE, made, 24 * 24));
            x = g.add(x, mapped(g, "effnet_mapper", g.interpolateTo(given, first.image()), width));
        }
        if (seen > 0) {
            x = g.add(x, mapped(g, "pixels_mapper", nothing(g), width)); // one token for all
        }
        var level = blocks.describe(g, first.with(x), new Seen(times(g), attended(g)), pass -> Optional.empty());
        g.returns(CascadeBlocks.pixels(g, level, channels, patch));
    }

    /** Two layers on each pixel, and a norm. */
    private static Value mapped(Graph g, String name, Value image, int width) {
        var hidden = g.gelu(g.conv2d(image, name + ".0", 4 * width, 1));
        return CascadeLevel.norm(g, g.tokens(g.conv2d(hidden, name + ".2", width, 1)));
    }

    /** An image of one pixel of zeros for each row. */
    private Value nothing(Graph g) {
        var row = g.cast(GraphInputs.of(g, GraphInputs.rows(AddedEmbedding.TEXT_EMBEDS, pooled)));
        return g.overPixels(g.scale(g.narrow(row, 0, seen), 0));
    }

    /** The embeddings of the time and of the others, {@code [B, E]} each. */
    private List<Value> times(Graph g) {
        var time = TimeEmbedding.timestep(g);
        return IntStream.rangeClosed(0, times.size())
                .mapToObj(i -> CascadeLevel.embedded(g, g.scale(time, i == 0 ? 1 : 0), timeWidth))
                .toList();
    }

    /** The tokens of the text and of the embeddings, {@code [B, S, context]}. */
    private Value attended(Graph g) {
        var text = embedded(g, GraphInputs.rows(AddedEmbedding.TEXT_EMBEDS, pooled), "clip_txt_pooled_mapper");
        if (states > 0) {
            var sequence = GraphInputs.of(g, GraphInputs.sequence(Tensors.ENCODER_HIDDEN_STATES, states, Join.STACK));
            text = g.concatTokens(g.linear(g.cast(sequence), "clip_txt_mapper", context), text);
            text = g.concatTokens(
                    text, embedded(g, GraphInputs.rows(Tensors.IMAGE_EMBEDS, pictures), "clip_img_mapper"));
        }
        return CascadeLevel.norm(g, text);
    }

    private Value embedded(Graph g, NetworkInput input, String name) {
        return g.unflat(g.linear(g.cast(GraphInputs.of(g, input)), name, tokens * context), tokens);
    }
}
