package dev.weir.engine.pipeline;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.DirectCodec;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.PointCloud;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.image.PointPicture;
import dev.weir.engine.pipeline.Component.Use;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Point-voxel diffusion (Zhou et al. 2021, arXiv 2104.03670): clouds of points of one category, without text. diffusers has no name for it;
 * {@code weir models convert} makes its folders of the original files. It samples with all steps of its training, as the published code
 * does.
 */
record PointDiffusion() implements PipelineType {

    static final String NETWORK = "pvcnn";

    private static final String NAME = "PointVoxelDiffusionPipeline";
    private static final int AXES = 3;
    private static final int MOST_POINTS = 1 << 16;
    private static final float UNGUIDED = 1;

    @Override
    public List<String> classNames() {
        return List.of(NAME);
    }

    @Override
    public String about() {
        return "point-voxel diffusion (PVD)";
    }

    @Override
    public List<Component> components() {
        return List.of(
                new Component(NETWORK, Use.DENOISER, List.of(UnconditionalModel.SCHEDULER)),
                new Component(UnconditionalModel.SCHEDULER, Use.SCHEDULER));
    }

    @Override
    public List<TextPart> texts() {
        return List.of();
    }

    @Override
    public int steps(PipelineIndex index) {
        return index.scheduler(UnconditionalModel.SCHEDULER).trainTimesteps();
    }

    @Override
    public Optional<String> onlyOnLibtorch() {
        return Optional.of("a model makes clouds of points, and Weir runs their networks on libtorch alone");
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        ComponentConfig network = index.config(NETWORK);
        LatentModel.requireKnown(network);
        int points = network.count("num_points");
        if (points > MOST_POINTS) {
            throw new ModelException("%s: num_points is %d, past %d".formatted(network.file(), points, MOST_POINTS));
        }
        if (settings.nativeSize().orElse(PointPicture.SIDE) != PointPicture.SIDE) {
            throw new ModelException("%s: pictures of points have %d pixels a side; this model has no other native_size"
                    .formatted(network.file(), PointPicture.SIDE));
        }
        var sizes = new Sizes(PointPicture.SIDE, PointPicture.SIDE, PointPicture.SIDE, PointPicture.SIDE);
        var diffuse = StageSpec.diffuse(NETWORK, UnconditionalModel.SCHEDULER).withoutText();
        var workflow = new Workflow(
                UnconditionalModel.WORKFLOW,
                List.of(Field.outputFormat()),
                sizes,
                List.of(diffuse, StageSpec.pixels()));
        return new Pipeline(this, new LatentShape(AXES, 1, points), 1, sizes, 1, UNGUIDED, false, List.of(workflow));
    }

    @Override
    public boolean hasOneShape() {
        return true;
    }

    @Override
    public Optional<DirectCodec> codec(PipelineIndex index, int channels) {
        ComponentConfig network = index.config(NETWORK);
        List<Double> mean = new ArrayList<>();
        network.json().path("mean").forEach(number -> mean.add(number.doubleValue()));
        return Optional.of(new PointCloud(
                mean.isEmpty() ? List.of(0.0, 0.0, 0.0) : mean,
                network.json().path("std").asDouble(1)));
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        return UnconditionalModel.begin(begin);
    }
}
