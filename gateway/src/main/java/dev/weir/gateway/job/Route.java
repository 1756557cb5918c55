package dev.weir.gateway.job;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Sampling;
import dev.weir.proto.v1.Sizes;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Workflow;
import dev.weir.proto.v1.WorkflowStage;
import java.util.List;
import java.util.Optional;

/** Chooses the workflow of a request, and makes the stages of its images. Stateless. */
public final class Route {

    private Route() {}

    /** The first workflow that makes this size. */
    public static Optional<Workflow> of(ModelCard card, int width, int height) {
        return card.getWorkflowsList().stream()
                .filter(workflow -> {
                    SizeRange range = range(workflow);
                    return range.contains(width) && range.contains(height);
                })
                .findFirst();
    }

    /** The sides that a request may ask for, by workflow. */
    public static List<SizeRange> ranges(ModelCard card) {
        return card.getWorkflowsList().stream().map(Route::range).toList();
    }

    private static SizeRange range(Workflow workflow) {
        Sizes sizes = workflow.getSizes();
        boolean upsampled = workflow.getStagesList().stream().anyMatch(stage -> stage.getReduction() > 1);
        return new SizeRange(sizes.getMin(), sizes.getMax(), Math.max(1, sizes.getMultiple()), upsampled);
    }

    /** The same in words. */
    public static String sizes(ModelCard card) {
        List<SizeRange> ranges = ranges(card);
        StringBuilder words = new StringBuilder("sides must be ").append(words(ranges.get(0)));
        for (int i = 1; i < ranges.size(); i++) {
            words.append("; with a side past %d, %s".formatted(ranges.get(i - 1).max(), words(ranges.get(i))));
        }
        return words.toString();
    }

    private static String words(SizeRange range) {
        return "multiples of %d from %d to %d".formatted(range.multiple(), range.min(), range.max());
    }

    /** The steps of the model's upsampler; 0 where it has none. */
    public static int upsamplerSteps(ModelCard card) {
        return card.getWorkflowsList().stream()
                .flatMap(workflow -> workflow.getStagesList().stream())
                .mapToInt(WorkflowStage::getOwnSteps)
                .max()
                .orElse(0);
    }

    /** The stages of an image that is made as a workflow says. */
    public static List<Stage> stages(ModelCard card, Workflow workflow, Generation generation) {
        return workflow.getStagesList().stream()
                .map(stage -> stage(card, workflow.getSizes(), stage, generation))
                .toList();
    }

    private static Stage stage(ModelCard card, Sizes sizes, WorkflowStage stage, Generation generation) {
        int reduction = Math.max(1, stage.getReduction());
        double nativeArea = Math.max(1.0, (double) sizes.getDefaultWidth() * sizes.getDefaultHeight());
        Stage.Builder made = Stage.newBuilder()
                .setName(stage.getName())
                .setRole(stage.getRole())
                .setForwards(1)
                .addAllTakes(stage.getTakesList())
                .addAllGives(stage.getGivesList())
                .addAllKeeps(stage.getKeepsList())
                .setWidth(generation.getWidth() / reduction)
                .setHeight(generation.getHeight() / reduction)
                .setArea(generation.getWidth() * (double) generation.getHeight() / nativeArea);
        if (stage.getRole() == StageRole.DIFFUSE) {
            boolean own = stage.getOwnSteps() > 0;
            Sampling.Builder sampling = Sampling.newBuilder()
                    .setSampler(own ? "" : generation.getSampler())
                    .setSteps(own ? stage.getOwnSteps() : generation.getSteps());
            made.setSampling(sampling).setForwards(own ? stage.getOwnSteps() : calls(card, generation));
        }
        return made.build();
    }

    private static int calls(ModelCard card, Generation generation) {
        int steps = generation.getSteps();
        return Optional.ofNullable(card.getCallsMap().get(generation.getSampler()))
                .filter(calls -> steps > 1)
                .map(calls -> calls.getPerStep() * steps + calls.getExtra())
                .orElse(steps);
    }
}
