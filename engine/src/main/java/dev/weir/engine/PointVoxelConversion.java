package dev.weir.engine;

import dev.weir.engine.original.Naming;
import dev.weir.engine.pipeline.PipelineTypes;
import dev.weir.engine.weights.WeightViews;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.LongConsumer;

/** An original file of point-voxel diffusion as a folder in diffusers' layout. Immutable; any thread. */
record PointVoxelConversion(WeightFile file, WeightViews network, PointVoxelShape shape, boolean warm, Path out)
        implements Conversion {

    private static final String NETWORK = "pvcnn";
    private static final String SCHEDULER = "scheduler";
    private static final String WARM = "warm";

    /** Empty where the file is none of PVD. Throws {@link ModelException} where it is one that Weir does not run. */
    static Optional<PointVoxelConversion> of(WeightFile file, Path out, GuidedDiffusionOptions options) {
        String prefix = Naming.prefix(
                file.tensors(), "model.module.sa_layers.", "model.sa_layers.", "module.sa_layers.", "sa_layers.");
        if (prefix.isEmpty()) {
            return Optional.empty();
        }
        String schedule = options.requireScheduleAlone()
                .orElseThrow(
                        () -> new ModelException(
                                file.path()
                                        + ": the file does not say how it was trained. Give --noise-schedule linear (chairs and cars), or warm (aeroplanes)"));
        if (!schedule.equals("linear") && !schedule.equals(WARM)) {
            throw new ModelException("--noise-schedule of point-voxel diffusion is linear or warm, not " + schedule);
        }
        WeightViews network = Naming.SAME.of(
                file.path(), file.tensors(), prefix.substring(0, prefix.length() - "sa_layers.".length()));
        var shape = new PointVoxelShape(file.path(), network);
        shape.requireGeneration();
        return Optional.of(new PointVoxelConversion(file, network, shape, schedule.equals(WARM), out));
    }

    @Override
    public String about() {
        return "point-voxel diffusion of %d points, as the folder %s"
                .formatted(PointVoxelShape.POINTS, out.getFileName());
    }

    @Override
    public long bytes() {
        return WeightFile.bytes(network);
    }

    @Override
    public void write(LongConsumer progress) {
        NewFolder.write(out, folder -> {
            var made = new ConvertedFolder(
                    folder, PipelineTypes.points().classNames().get(0), progress);
            made.list(NETWORK, "pvd", PointVoxelShape.CLASS_NAME);
            made.list(SCHEDULER, "pvd", PointVoxelShape.SCHEDULER_CLASS);
            made.network(NETWORK, shape.config(), network, ConvertedFolder.WEIGHTS_OF_DIFFUSERS);
            made.scheduler(SCHEDULER, PointVoxelShape.scheduler(warm));
            made.finish();
        });
    }
}
