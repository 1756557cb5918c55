package dev.weir.upsampler;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ModelFolder;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.DiffusionPart;
import dev.weir.serving.NodeModels;
import dev.weir.serving.SteppingStage;
import dev.weir.serving.plan.FairPlanner;
import dev.weir.serving.plan.Planner;
import java.util.List;

/** The second diffusion of a model that has one: it continues with the result of the first. {@link SteppingStage} has the loop. */
public final class UpsamplerStage {

    private UpsamplerStage() {}

    public static Stage create(List<ModelFolder> folders, ComputeTarget target, SteppingStage.Limits limits) {
        return create(NodeModels.of(folders), target, limits);
    }

    public static Stage create(NodeModels models, ComputeTarget target, SteppingStage.Limits limits) {
        return create(models, target, limits, new FairPlanner());
    }

    /** The stage with another planner than the product's, for tests. */
    public static Stage create(
            List<ModelFolder> folders, ComputeTarget target, SteppingStage.Limits limits, Planner planner) {
        return create(NodeModels.of(folders), target, limits, planner);
    }

    private static Stage create(NodeModels models, ComputeTarget target, SteppingStage.Limits limits, Planner planner) {
        return new SteppingStage(
                StageKind.UPSAMPLER, folder -> DiffusionPart.open(folder, 1, target), models, target, limits, planner);
    }
}
