package dev.weir.engine.pipeline;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.HostTensor;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.network.ClipOutput;
import java.util.List;
import java.util.Set;

/**
 * Text to image by Stable Cascade. The prior's text encoder serves both networks: the decoder's is the same. The decoder sees the
 * prompt's embedding alone.
 *
 * @param className of the pipeline
 * @param prior what the names of the prior's parts begin with
 */
record StableCascade(String className, String prior) implements PicturePriorPipeline {

    /** The prior's repository in a folder of the decoder's, and both as diffusers writes them in one. */
    static final List<StableCascade> ALL = List.of(
            new StableCascade("StableCascadeDecoderPipeline", "prior/"),
            new StableCascade("StableCascadeCombinedPipeline", "prior_"));

    private static final int STEPS = 10;
    private static final int PRIOR_STEPS = 20;

    @Override
    public String about() {
        return "text to image with %s (StableCascadeDecoderPipeline with its prior)".formatted(family());
    }

    @Override
    public String family() {
        return "Stable Cascade";
    }

    @Override
    public String repository() {
        return "stabilityai/stable-cascade-prior";
    }

    /** The decoder's own text encoder is the prior's once more, and pictures in a request's place are not seen. */
    @Override
    public Set<String> unused() {
        return Set.of("text_encoder", "tokenizer", prior + "image_encoder", prior + "feature_extractor");
    }

    @Override
    public List<TextPart> texts() {
        return List.of(new TextPart(prior + "text_encoder", prior + "tokenizer", ClipOutput.MASKED_UNNORMED));
    }

    @Override
    public int steps(PipelineIndex index) {
        return STEPS;
    }

    @Override
    public int priorSteps() {
        return PRIOR_STEPS;
    }

    @Override
    public int priorChannels(ComponentConfig network) {
        return network.count("in_channels", 16);
    }

    @Override
    public String channelsKey() {
        return "in_channels";
    }

    @Override
    public int decoderChannels(ComponentConfig decoder) {
        return decoder.count("in_channels", 16);
    }

    @Override
    public String madeKey() {
        return "effnet_in_channels";
    }

    @Override
    public void requireFit(PipelineIndex index) {
        ComponentConfig text = index.config(texts().get(0).encoder());
        ComponentConfig embedder = index.config(network());
        ComponentConfig decoder = index.config(DECODER);
        PicturePriorPipeline.requireTaken(
                embedder, Set.of("text_embeds", Tensors.ENCODER_HIDDEN_STATES, Tensors.IMAGE_EMBEDS));
        LatentModel.require(
                embedder,
                "clip_text_in_channels",
                embedder.count("clip_text_in_channels"),
                text.count("hidden_size"),
                "the states of its text encoder");
        PicturePriorPipeline.requireTaken(decoder, Set.of("text_embeds", MADE));
        int pooled = text.count("projection_dim", 512);
        for (ComponentConfig network : List.of(embedder, decoder)) {
            int width = network.count("clip_text_pooled_in_channels", 1280);
            LatentModel.require(
                    network, "clip_text_pooled_in_channels", width, pooled, "the embedding of the text encoder");
        }
    }

    @Override
    public int priorCell(ComponentConfig network) {
        return cell(network);
    }

    @Override
    public int decoderCell(ComponentConfig network) {
        return cell(network);
    }

    private static int cell(ComponentConfig network) {
        int halvings =
                network.json().hasNonNull("switch_level") ? 0 : network.halvings(); // Switched levels keep their sides.
        return network.count("patch_size", 1) << halvings;
    }

    /** No picture stands beside the prompt. */
    @Override
    public Tensors embedded(Begin begin, Port port) {
        int width = begin.taken().stream()
                .filter(input -> input.name().equals(Tensors.IMAGE_EMBEDS))
                .mapToInt(input -> input.shape().get(0))
                .findFirst()
                .orElseThrow();
        return begin.branch(port).with(Tensors.IMAGE_EMBEDS, HostTensor.of(new float[width], width));
    }
}
