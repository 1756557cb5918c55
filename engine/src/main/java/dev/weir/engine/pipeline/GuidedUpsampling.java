package dev.weir.engine.pipeline;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Guider;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.image.Bilinear;
import dev.weir.engine.pipeline.Component.Use;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The upsamplers of guided diffusion (Dhariwal and Nichol 2021, arXiv 2105.05233): a UNet that sees the enlarged picture beside the sample,
 * without noise. Stateless.
 */
final class GuidedUpsampling {

    static final String UNET = "upsampler/unet";

    private static final String SCHEDULER = "upsampler/scheduler";
    private static final int COLORS = 3;
    private static final float LEVELS = 127.5f;

    static final List<Component> COMPONENTS =
            List.of(new Component(UNET, Use.DENOISER, List.of(SCHEDULER)), new Component(SCHEDULER, Use.SCHEDULER));

    private GuidedUpsampling() {}

    /**
     * The pipeline whose pictures of its own size are made as before, and larger ones of those.
     *
     * @param classes of the small pictures, since a request has one for both; 0: it has none
     */
    static Pipeline of(Pipeline base, PipelineIndex index, int steps, int classes) {
        ComponentConfig upsampler = index.config(UNET);
        LatentModel.requireKnown(upsampler);
        LatentModel.require(
                upsampler,
                "in_channels",
                upsampler.count("in_channels"),
                2 * COLORS,
                "the sample and the small picture");
        LatentModel.requireInputs(upsampler, Set.of());
        int labels = upsampler.count("num_class_embeds", 0);
        if (labels > 0) {
            LatentModel.require(upsampler, "num_class_embeds", labels, classes, "the small pictures");
        }
        int out = upsampler.count("out_channels");
        if (out != 2 * COLORS) { // as many again for a learned variance
            LatentModel.require(upsampler, "out_channels", out, COLORS, "the picture");
        }
        int side = base.sizes().usual();
        int factor = Math.max(2, upsampler.side("sample_size") / side);
        LatentModel.require(
                upsampler,
                "sample_size",
                upsampler.side("sample_size"),
                factor * side,
                "a multiple of the small picture");
        Sizes small = new Sizes(side, side, side, side);
        List<Workflow> workflows = new ArrayList<>();
        for (Workflow workflow : base.workflows()) {
            List<StageSpec> stages = new ArrayList<>(workflow.stages());
            stages.replaceAll(stage -> stage.role() == Role.DIFFUSE ? stage.reducedBy(factor) : stage);
            stages.add(stages.size() - 1, stage(steps));
            workflows.add(new Workflow(workflow.name(), workflow.fields(), small, workflow.stages()));
            workflows.add(new Workflow(
                    workflow.name() + "_upsampled", workflow.fields(), small.enlargedBy(factor), List.copyOf(stages)));
        }
        return new Pipeline(
                base.type(), base.latent(), 1, small, factor, base.guidanceScale(), false, List.copyOf(workflows));
    }

    private static StageSpec stage(int steps) {
        return StageSpec.enlarge("upsampler", UNET, SCHEDULER)
                .withoutText()
                .sampling(steps, 0)
                .guidedBy(1);
    }

    static Row begin(Begin begin) {
        HostTensor small = begin.given().get(Port.LATENT.name());
        float[] large = enlarged(begin, small, inFile(small.values()));
        Tensors inputs = Tensors.of(
                Tensors.CONCAT,
                HostTensor.of(
                        large, COLORS, begin.sample().height(), begin.sample().width()));
        boolean takesClass =
                begin.taken().stream().anyMatch(input -> input.name().equals(Tensors.CLASS_LABELS));
        if (takesClass) {
            inputs = inputs.with(Tensors.CLASS_LABELS, UnconditionalModel.label(begin.request()));
        }
        RowStart start = RowStart.fromNoise(begin.sampler(), begin.sample(), begin.noise());
        return new Row(begin.sampler(), start, begin.noise(), Guider.none(inputs));
    }

    /**
     * What the network sees of a small picture, as large as its sample.
     *
     * @param values of the picture, which its file would have
     */
    static float[] enlarged(Begin begin, HostTensor small, float[] values) {
        LatentShape sample = begin.sample();
        int factor = begin.card().upsampleFactor();
        boolean fits = small.rank() == COLORS
                && small.side(0) == COLORS
                && small.side(1) * factor == sample.height()
                && small.side(2) * factor == sample.width();
        if (!fits) {
            throw new IllegalArgumentException(
                    "%s: %s is not %d times as large".formatted(small.shape(), sample, factor));
        }
        return Bilinear.enlarge(new LatentShape(COLORS, small.side(1), small.side(2)), values, factor);
    }

    /** As the repository's scripts keep the small picture in a file: each value cut to a whole number from 0 to 255. */
    private static float[] inFile(float[] values) {
        float[] read = new float[values.length];
        for (int i = 0; i < read.length; i++) {
            float level = (float) Math.floor(Math.min(Math.max((values[i] + 1) * LEVELS, 0), 255));
            read[i] = level / LEVELS - 1;
        }
        return read;
    }
}
