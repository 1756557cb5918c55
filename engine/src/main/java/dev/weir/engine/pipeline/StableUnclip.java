package dev.weir.engine.pipeline;

import dev.weir.engine.LatentDistribution;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.pipeline.Component.Use;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Variations of a picture by Stable Diffusion 2.1 unCLIP: CLIP makes the embedding. A prompt may say more. */
final class StableUnclip implements OneTextPipeline {

    private static final String NAME = "StableUnCLIPImg2ImgPipeline";
    private static final VisionPart VISION =
            new VisionPart("image_encoder", "feature_extractor", Optional.of(UnclipDecoder.NOISE));

    @Override
    public List<String> classNames() {
        return List.of(NAME);
    }

    @Override
    public String about() {
        return "models of Stable Diffusion 2.1 unCLIP (%s)".formatted(NAME);
    }

    @Override
    public List<Component> components() {
        List<Component> components = new ArrayList<>(OneTextPipeline.super.components());
        components.addAll(
                2,
                List.of(
                        new Component(VISION.processor(), Use.IMAGE_PROCESSOR),
                        new Component(VISION.encoder(), Use.IMAGE_ENCODER, List.of(VISION.processor()))));
        components.addAll(4, UnclipDecoder.noiseComponents());
        return List.copyOf(components);
    }

    @Override
    public Optional<VisionPart> vision() {
        return Optional.of(VISION);
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        var model = model(index, settings);
        model.requireFit(Set.of(Tensors.CLASS_LABELS));
        model.requireNoPicture();
        int width = model.config(VISION.encoder()).count("projection_dim");
        UnclipDecoder.requireFit(model, width, "the image encoder's embedding");
        var fields = new ArrayList<>(List.of(Field.needed(Field.INIT_IMAGE), UnclipDecoder.noiseLevel(index)));
        fields.addAll(Field.ofText(Field.of("prompt"), model.maxClipSkip()));
        var sizes = model.sizes(1);
        var workflow = new Workflow(
                Workflow.IMAGE_VARIATION,
                List.copyOf(fields),
                sizes,
                List.of(
                        StageSpec.encode(List.of(TEXT_ENCODER, VISION.encoder(), UnclipDecoder.NOISE.normalizer()))
                                .embedding(),
                        StageSpec.diffuse(UNET, SCHEDULER).taking(Port.IMAGE),
                        StageSpec.decode(VAE)));
        return new Pipeline(
                this, model.latent(), model.scale(), sizes, 1, UnclipDecoder.GUIDANCE, false, List.of(workflow));
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        Tensors seen = begin.encoded(Port.IMAGE);
        return UnclipDecoder.begin(
                begin,
                new LatentDistribution(
                        seen.get(NoisedImageEncoder.MEAN).values(),
                        Optional.of(seen.get(NoisedImageEncoder.DEVIATION).values())));
    }
}
