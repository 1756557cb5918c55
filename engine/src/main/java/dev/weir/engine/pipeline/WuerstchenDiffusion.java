package dev.weir.engine.pipeline;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.network.ClipOutput;
import java.util.List;
import java.util.Set;

/**
 * Text to image by Wuerstchen's second version, from which Stable Cascade comes. Each of its two networks sees the prompt as a text
 * encoder of its own reads it.
 *
 * @param className of the pipeline
 * @param prior what the names of the prior's parts begin with
 */
record WuerstchenDiffusion(String className, String prior) implements PicturePriorPipeline {

    /** The prior's repository in a folder of the decoder's, and both as diffusers writes them in one. */
    static final List<WuerstchenDiffusion> ALL = List.of(
            new WuerstchenDiffusion("WuerstchenDecoderPipeline", "prior/"),
            new WuerstchenDiffusion("WuerstchenCombinedPipeline", "prior_"));

    private static final int STEPS = 12;
    private static final int PRIOR_STEPS = 60;

    private static final String LEVELS = "c_hidden";
    private static final int USUAL_LEVELS = 4;

    /** Before the names of what the prior's text encoder gives. */
    private static final String OF_PRIOR = "prior/";

    /** What the prior made is multiplied by the first, and the second taken away: diffusers calls them mean and deviation. */
    private static final float FACTOR = 42;

    private static final float LESS = 1;

    @Override
    public String about() {
        return "text to image with %s (WuerstchenDecoderPipeline with its prior)".formatted(family());
    }

    @Override
    public String family() {
        return "Wuerstchen";
    }

    @Override
    public String repository() {
        return "warp-ai/wuerstchen-prior";
    }

    @Override
    public List<TextPart> texts() {
        return List.of(
                new TextPart("text_encoder", "tokenizer", ClipOutput.MASKED),
                new TextPart(prior + "text_encoder", prior + "tokenizer", ClipOutput.MASKED));
    }

    @Override
    public Tensors joined(PipelineIndex index, List<Tensors> parts) {
        return parts.get(0).with(parts.get(1).under(OF_PRIOR));
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
        return network.count(channelsKey(), 16);
    }

    @Override
    public String channelsKey() {
        return "c_in";
    }

    @Override
    public int decoderChannels(ComponentConfig decoder) {
        return decoder.count(channelsKey(), 4);
    }

    @Override
    public String madeKey() {
        return "effnet_embd";
    }

    @Override
    public void requireFit(PipelineIndex index) {
        ComponentConfig embedder = index.config(network());
        ComponentConfig decoder = index.config(DECODER);
        PicturePriorPipeline.requireTaken(embedder, Set.of(Tensors.ENCODER_HIDDEN_STATES));
        PicturePriorPipeline.requireTaken(decoder, Set.of(Tensors.ENCODER_HIDDEN_STATES, MADE));
        requireStates(index, texts().get(0), decoder, "clip_embd");
        requireStates(index, texts().get(1), embedder, "c_cond");
        PicturePriorPipeline.requireNumber(index, network(), "latent_mean", FACTOR);
        PicturePriorPipeline.requireNumber(index, network(), "latent_std", LESS);
    }

    private static void requireStates(PipelineIndex index, TextPart text, ComponentConfig network, String key) {
        int width = index.config(text.encoder()).count("hidden_size");
        LatentModel.require(network, key, network.count(key, 1024), width, "the states of its text encoder");
    }

    @Override
    public int priorCell(ComponentConfig network) {
        return 1;
    }

    @Override
    public int decoderCell(ComponentConfig network) {
        int levels =
                network.json().hasNonNull(LEVELS) ? network.json().get(LEVELS).size() : USUAL_LEVELS;
        return network.count("patch_size", 2) << (levels - 1);
    }

    @Override
    public Tensors embedded(Begin begin, Port port) {
        return begin.encoded(port).in(OF_PRIOR).only(begin.taken());
    }

    @Override
    public float[] seen(float[] made) {
        float[] seen = new float[made.length];
        for (int i = 0; i < made.length; i++) {
            float scaled = made[i] * FACTOR;
            seen[i] = scaled - LESS;
        }
        return seen;
    }
}
