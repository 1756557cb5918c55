package dev.weir.engine.pipeline;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentDistribution;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.NoiseLevelEmbedding;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.network.ClipOutput;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.Component.Use;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Variations of a picture by Stable Diffusion 2.1 unCLIP (Ramesh et al. 2022, arXiv 2204.06125): the network is told the picture's
 * embedding, with noise of a level and that level, beside the timestep. A prompt may say more.
 */
final class StableUnclip implements PipelineType {

    private static final String NAME = "StableUnCLIPImg2ImgPipeline";
    private static final String TOKENIZER = "tokenizer";
    private static final String TEXT_ENCODER = "text_encoder";
    private static final String UNET = "unet";
    private static final String SCHEDULER = "scheduler";
    private static final String VAE = "vae";
    private static final VisionPart.Noise NOISE = new VisionPart.Noise("image_normalizer", "image_noising_scheduler");
    private static final VisionPart VISION = new VisionPart("image_encoder", "feature_extractor", Optional.of(NOISE));
    private static final float GUIDANCE = 10;

    @Override
    public List<String> classNames() {
        return List.of(NAME);
    }

    @Override
    public String about() {
        return "of Stable Diffusion 2.1 unCLIP (%s)".formatted(NAME);
    }

    @Override
    public List<Component> components() {
        return List.of(
                new Component(TOKENIZER, Use.TOKENIZER),
                new Component(TEXT_ENCODER, Use.TEXT_ENCODER, List.of(TOKENIZER)),
                new Component(VISION.processor(), Use.IMAGE_PROCESSOR),
                new Component(VISION.encoder(), Use.IMAGE_ENCODER, List.of(VISION.processor())),
                new Component(NOISE.normalizer(), Use.IMAGE_NORMALIZER, List.of(NOISE.schedule())),
                new Component(NOISE.schedule(), Use.NOISE_SCHEDULE),
                new Component(UNET, Use.DENOISER, List.of(SCHEDULER)),
                new Component(SCHEDULER, Use.SCHEDULER),
                new Component(VAE, Use.AUTOENCODER));
    }

    @Override
    public List<TextPart> texts() {
        return List.of(new TextPart(TEXT_ENCODER, TOKENIZER, ClipOutput.LAST));
    }

    @Override
    public Optional<VisionPart> vision() {
        return Optional.of(VISION);
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        var model = new LatentModel(index, settings, texts(), UNET, VAE);
        model.requireFit(Set.of(Tensors.CLASS_LABELS));
        model.requireNoPicture();
        int width = model.config(VISION.encoder()).count("projection_dim");
        ComponentConfig normalizer = model.config(NOISE.normalizer());
        LatentModel.require(
                normalizer,
                "embedding_dim",
                normalizer.count("embedding_dim", 768),
                width,
                "the image encoder's embedding");
        requireTold(model.unet(), width);
        int levels = index.scheduler(NOISE.schedule()).trainTimesteps();
        var fields = new ArrayList<>(List.of(Field.needed("init_image"), Field.noiseLevel(levels - 1, 0)));
        fields.addAll(Field.ofText(Field.of("prompt"), model.maxClipSkip()));
        var sizes = model.sizes(1);
        var workflow = new Workflow(
                Workflow.IMAGE_VARIATION,
                List.copyOf(fields),
                sizes,
                List.of(
                        StageSpec.encode(List.of(TEXT_ENCODER, VISION.encoder(), NOISE.normalizer()))
                                .embedding(),
                        StageSpec.diffuse(UNET, SCHEDULER).taking(Port.IMAGE),
                        StageSpec.decode(VAE)));
        return new Pipeline(this, model.latent(), model.scale(), sizes, 1, GUIDANCE, false, List.of(workflow));
    }

    private static void requireTold(ComponentConfig unet, int width) {
        boolean isTold = Networks.inputs(unet.json()).stream()
                .anyMatch(input -> input.name().equals(Tensors.CLASS_LABELS)
                        && input.shape().equals(List.of(2 * width)));
        if (!isTold) {
            throw new ModelException(
                    ("%s: the UNet takes no class_labels of %d numbers, the picture's embedding and its noise level "
                                    + "(class_embed_type, projection_class_embeddings_input_dim)")
                            .formatted(unet.file(), 2 * width));
        }
    }

    /** The noise of the embedding is drawn first. The branch without the picture has zeros. */
    @Override
    public Row begin(StageSpec stage, Begin begin) {
        Tensors seen = begin.encoded(Port.IMAGE);
        var distribution = new LatentDistribution(
                seen.get(NoisedImageEncoder.MEAN).values(),
                Optional.of(seen.get(NoisedImageEncoder.DEVIATION).values()));
        int width = distribution.mean().length;
        float[] embedding = distribution.sample(begin.noise().normal(width));
        float[] told = Arrays.copyOf(embedding, 2 * width);
        float[] level = NoiseLevelEmbedding.of(begin.request().noiseLevel().orElse(0), width);
        System.arraycopy(level, 0, told, width, width);
        RowStart start = RowStart.fromNoise(begin.sampler(), begin.sample(), begin.noise());
        return new Row(begin.sampler(), start, begin.noise(), begin.guider(labels(told), labels(new float[2 * width])));
    }

    private static Tensors labels(float[] told) {
        return Tensors.of(Tensors.CLASS_LABELS, HostTensor.of(told, told.length));
    }
}
