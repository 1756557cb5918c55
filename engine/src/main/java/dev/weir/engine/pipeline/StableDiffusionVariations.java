package dev.weir.engine.pipeline;

import dev.weir.engine.HostTensor;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.pipeline.Component.Use;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Lambda's image variations of Stable Diffusion 1.x: the network attends to a picture's embedding, and there is no text. */
final class StableDiffusionVariations implements PipelineType {

    private static final String NAME = "StableDiffusionImageVariationPipeline";
    private static final VisionPart VISION = new VisionPart("image_encoder", "feature_extractor", Optional.empty());
    private static final float GUIDANCE = 7.5f;

    @Override
    public List<String> classNames() {
        return List.of(NAME);
    }

    @Override
    public String about() {
        return "image variations of Stable Diffusion 1.x (%s)".formatted(NAME);
    }

    @Override
    public List<Component> components() {
        return List.of(
                new Component(VISION.processor(), Use.IMAGE_PROCESSOR),
                new Component(VISION.encoder(), Use.IMAGE_ENCODER, List.of(VISION.processor())),
                new Component(OneTextPipeline.UNET, Use.DENOISER, List.of(OneTextPipeline.SCHEDULER)),
                new Component(OneTextPipeline.SCHEDULER, Use.SCHEDULER),
                new Component(OneTextPipeline.VAE, Use.AUTOENCODER));
    }

    @Override
    public List<TextPart> texts() {
        return List.of();
    }

    @Override
    public Optional<VisionPart> vision() {
        return Optional.of(VISION);
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        var model = new LatentModel(index, settings, texts(), OneTextPipeline.UNET, OneTextPipeline.VAE);
        model.requireParts(Set.of());
        model.requireNoPicture();
        LatentModel.require(
                model.unet(),
                "cross_attention_dim",
                model.unet().count("cross_attention_dim"),
                model.config(VISION.encoder()).count("projection_dim"),
                "the image encoder's embedding");
        var sizes = model.sizes(1);
        var fields = new ArrayList<>(List.of(Field.needed("init_image")));
        fields.addAll(Field.ofGuidance());
        var workflow = new Workflow(
                Workflow.IMAGE_VARIATION,
                List.copyOf(fields),
                sizes,
                List.of(
                        StageSpec.embed(List.of(VISION.encoder())),
                        StageSpec.diffuse(OneTextPipeline.UNET, OneTextPipeline.SCHEDULER)
                                .withoutText()
                                .taking(Port.IMAGE),
                        StageSpec.decode(OneTextPipeline.VAE)));
        return new Pipeline(this, model.latent(), model.scale(), sizes, 1, GUIDANCE, false, List.of(workflow));
    }

    /** The embedding is a prompt of one token. The branch without it has zeros. */
    @Override
    public Row begin(StageSpec stage, Begin begin) {
        float[] embedding = begin.encoded(Port.IMAGE).get(Tensors.IMAGE_EMBEDS).values();
        RowStart start = RowStart.fromNoise(begin.sampler(), begin.sample(), begin.noise());
        return new Row(
                begin.sampler(),
                start,
                begin.noise(),
                begin.guider(token(embedding), token(new float[embedding.length])));
    }

    private static Tensors token(float[] embedding) {
        return Tensors.of(Tensors.ENCODER_HIDDEN_STATES, HostTensor.of(embedding, 1, embedding.length));
    }
}
