package dev.weir.engine.pipeline;

import dev.weir.engine.HostTensor;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.pipeline.Component.Use;
import java.util.List;
import java.util.stream.Stream;

/**
 * DiT (Peebles and Xie 2022, arXiv 2212.09748): a transformer that makes latents of a class, without text. Guidance compares the class
 * with none.
 */
final class DiffusionTransformer implements PipelineType {

    private static final String NAME = "DiTPipeline";
    /** The label of no class, which the pipeline has as a number. */
    private static final int NO_CLASS = 1000;

    private static final int STEPS = 50;
    private static final float GUIDANCE = 4;

    @Override
    public List<String> classNames() {
        return List.of(NAME);
    }

    @Override
    public String about() {
        return "DiT (%s)".formatted(NAME);
    }

    @Override
    public List<Component> components() {
        return List.of(
                new Component(TransformerModel.TRANSFORMER, Use.DENOISER, List.of(TransformerModel.SCHEDULER)),
                new Component(TransformerModel.SCHEDULER, Use.SCHEDULER),
                new Component(TransformerModel.VAE, Use.AUTOENCODER));
    }

    @Override
    public List<TextPart> texts() {
        return List.of();
    }

    @Override
    public int steps(PipelineIndex index) {
        return STEPS;
    }

    /** Its pictures have one size: the network has positions for that alone. */
    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        var model = new TransformerModel(index, settings, texts());
        var transformer = model.transformer();
        model.requireLatents("in_channels", 0, model.latentChannels());
        LatentModel.require(
                transformer,
                "num_embeds_ada_norm",
                transformer.count("num_embeds_ada_norm"),
                NO_CLASS,
                "the label that stands for no class");
        int side = transformer.side("sample_size");
        int pixels = side * model.scale();
        if (settings.nativeSize().orElse(pixels) != pixels) {
            throw new ModelException(
                    "%s: sample_size is %d; this model makes pictures of %d pixels a side and of no other native_size"
                            .formatted(transformer.file(), side, pixels));
        }
        Sizes sizes = new Sizes(pixels, pixels, pixels, pixels);
        List<Field> fields = Stream.concat(Stream.of(UnconditionalModel.classOf(NO_CLASS)), Field.ofGuidance().stream())
                .toList();
        List<StageSpec> stages = List.of(
                StageSpec.diffuse(TransformerModel.TRANSFORMER, TransformerModel.SCHEDULER)
                        .withoutText(),
                StageSpec.decode(TransformerModel.VAE));
        return new Pipeline(
                this,
                model.latent(side),
                model.scale(),
                sizes,
                1,
                GUIDANCE,
                false,
                List.of(new Workflow(UnconditionalModel.WORKFLOW, fields, sizes, stages)));
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        RowStart start = RowStart.fromNoise(begin.sampler(), begin.sample(), begin.noise());
        Tensors own = Tensors.of(Tensors.CLASS_LABELS, UnconditionalModel.label(begin.request()));
        Tensors none = Tensors.of(Tensors.CLASS_LABELS, HostTensor.number(NO_CLASS));
        return new Row(begin.sampler(), start, begin.noise(), begin.guider(own, none));
    }
}
