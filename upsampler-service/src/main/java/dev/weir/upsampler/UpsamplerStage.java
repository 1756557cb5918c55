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

/**
 * The second or the third diffusion of a model that has one: it continues with the result of the one before. {@link SteppingStage} has
 * the loop.
 */
public final class UpsamplerStage {

    private UpsamplerStage() {}

    public static Stage create(List<ModelFolder> folders, ComputeTarget target, SteppingStage.Limits limits) {
        return create(NodeModels.of(folders), target, limits);
    }

    public static Stage create(NodeModels models, ComputeTarget target, SteppingStage.Limits limits) {
        return create(models, target, limits, new FairPlanner());
    }

    /** The third diffusion of models that have three. */
    public static Stage second(List<ModelFolder> folders, ComputeTarget target, SteppingStage.Limits limits) {
        return second(NodeModels.of(folders), target, limits);
    }

    public static Stage second(NodeModels models, ComputeTarget target, SteppingStage.Limits limits) {
        return create(StageKind.SECOND_UPSAMPLER, 2, models, target, limits, new FairPlanner());
    }

    /** The stage with another planner than the product's, for tests. */
    public static Stage create(
            List<ModelFolder> folders, ComputeTarget target, SteppingStage.Limits limits, Planner planner) {
        return create(NodeModels.of(folders), target, limits, planner);
    }

    private static Stage create(NodeModels models, ComputeTarget target, SteppingStage.Limits limits, Planner planner) {
        return create(StageKind.UPSAMPLER, 1, models, target, limits, planner);
    }

    /** @param nth of a model's diffusing stages, from 0 */
    private static Stage create(
            StageKind kind,
            int nth,
            NodeModels models,
            ComputeTarget target,
            SteppingStage.Limits limits,
            Planner planner) {
        return new SteppingStage(
                kind, folder -> DiffusionPart.open(folder, nth, target), models, target, limits, planner);
    }
}
