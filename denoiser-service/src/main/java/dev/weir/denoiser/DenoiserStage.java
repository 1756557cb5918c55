package dev.weir.denoiser;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ModelFolder;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.DiffusionPart;
import dev.weir.serving.SteppingStage;
import dev.weir.serving.plan.FairPlanner;
import dev.weir.serving.plan.Planner;
import java.util.List;

/** The first diffusion of each model: usually from pure noise. {@link SteppingStage} has the loop. */
public final class DenoiserStage {

    private DenoiserStage() {}

    public static Stage create(List<ModelFolder> folders, ComputeTarget target, SteppingStage.Limits limits) {
        return create(folders, target, limits, new FairPlanner());
    }

    /** The stage with another planner than the product's, for benchmarks. */
    public static Stage create(
            List<ModelFolder> folders, ComputeTarget target, SteppingStage.Limits limits, Planner planner) {
        return new SteppingStage(
                StageKind.DENOISER, folder -> DiffusionPart.open(folder, 0, target), folders, target, limits, planner);
    }
}
