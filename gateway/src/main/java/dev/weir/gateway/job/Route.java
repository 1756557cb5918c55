package dev.weir.gateway.job;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.Sampling;
import dev.weir.proto.v1.Sizes;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Workflow;
import dev.weir.proto.v1.WorkflowStage;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/** Chooses the workflow of a request, and makes the stages of its images. Stateless. */
public final class Route {

    private static final double GUIDED = 1;
    private static final int GUIDED_ROWS = 2;
    private static final String PRIOR_STEPS = "prior_steps";
    /** Between the parts of a prompt in the syntax of stable-diffusion-webui. */
    private static final Pattern AND = Pattern.compile("\\bAND\\b", Pattern.UNICODE_CHARACTER_CLASS);

    private Route() {}

    /** Whether a workflow makes this size. */
    public static boolean fits(Workflow workflow, int width, int height) {
        SizeRange range = range(workflow);
        return range.contains(width) && range.contains(height);
    }

    /** The sides that a request may ask for, by workflow. */
    public static List<SizeRange> ranges(ModelCard card) {
        return card.getWorkflowsList().stream().map(Route::range).toList();
    }

    public static SizeRange range(Workflow workflow) {
        Sizes sizes = workflow.getSizes();
        boolean upsampled = workflow.getStagesList().stream()
                .anyMatch(stage -> stage.getRole() == StageRole.DIFFUSE && stage.getReduction() > 1);
        return new SizeRange(sizes.getMin(), sizes.getMax(), Math.max(1, sizes.getMultiple()), upsampled);
    }

    /** By how much a workflow enlarges the image that a request brings; 1: it makes another one of its own size. */
    public static int enlargement(Workflow workflow) {
        return workflow.getStagesList().stream()
                .filter(stage -> stage.getRole() == StageRole.ENCODE)
                .mapToInt(stage -> Math.max(1, stage.getReduction()))
                .max()
                .orElse(1);
    }

    /** The same in words. */
    public static String sizes(List<Workflow> workflows) {
        List<SizeRange> ranges = workflows.stream().map(Route::range).distinct().toList();
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

    /**
     * The network calls of a stage that a request's steps do not change; empty where they do. A refiner does some of those of the stage
     * before it.
     */
    public static OptionalInt fixedForwards(Workflow workflow, WorkflowStage stage) {
        if (stage.getRole() != StageRole.DIFFUSE) {
            return OptionalInt.of(1);
        }
        if (stage.getTakesOver()) {
            return OptionalInt.of(0);
        }
        if (stage.hasPriorSampler()) {
            return workflow.getFieldsList().stream()
                    .filter(field -> field.getName().equals(PRIOR_STEPS) && field.hasUsual())
                    .mapToInt(field -> (int) field.getUsual())
                    .findFirst();
        }
        return stage.getOwnSteps() > 0 ? OptionalInt.of(ownForwards(stage)) : OptionalInt.empty();
    }

    /** The stages of an image that is made as a workflow says. */
    public static List<Stage> stages(ModelCard card, Workflow workflow, Generation generation) {
        Shares shares = Shares.of(workflow, generation);
        return workflow.getStagesList().stream()
                .filter(stage -> shares.isShared() || !stage.getTakesOver())
                .map(stage -> stage(card, workflow, stage, generation, shares))
                .toList();
    }

    private static Stage stage(
            ModelCard card, Workflow workflow, WorkflowStage stage, Generation generation, Shares shares) {
        Sizes sizes = workflow.getSizes();
        int reduction = Math.max(1, stage.getReduction());
        double nativeArea = Math.max(1.0, (double) sizes.getDefaultWidth() * sizes.getDefaultHeight());
        Stage.Builder made = Stage.newBuilder()
                .setName(stage.getName())
                .setRole(stage.getRole())
                .setForwards(1)
                .addAllTakes(stage.getTakesList())
                .addAllTakes(controlImages(stage, generation))
                .addAllGives(stage.getGivesList())
                .addAllKeeps(stage.getKeepsList())
                .setWidth(generation.getWidth() / reduction)
                .setHeight(generation.getHeight() / reduction)
                .setArea(generation.getWidth() * (double) generation.getHeight() / nativeArea);
        if (stage.getRole() == StageRole.DIFFUSE) {
            Sampler sampler = sampler(card, generation.getSampler()).orElse(Sampler.getDefaultInstance());
            Strength strength = Strength.of(generation, workflow, sampler);
            Sampling.Builder sampling = sampling(stage, generation, strength);
            shares.limit(stage, sampling);
            made.setSampling(sampling);
            made.setRows(rows(stage, generation));
            made.setForwards(
                    stage.getOwnSteps() > 0
                            ? ownForwards(stage)
                            : shares.of(
                                    stage, calls(sampler, generation.getSteps(), strength), sampler.getCallsPerStep()));
            GuidedCalls.of(generation, made.getSampling(), made.getForwards()).ifPresent(made::setGuided);
        }
        if (stage.hasPriorSampler()) {
            prior(stage.getPriorSampler(), generation, made);
        }
        return made.build();
    }

    /** The same route where other calls are guided. */
    public static List<Stage> guided(List<Stage> route, Generation generation) {
        return route.stream()
                .map(stage -> {
                    if (stage.getRole() != StageRole.DIFFUSE) {
                        return stage;
                    }
                    Stage.Builder other = stage.toBuilder().clearGuided();
                    GuidedCalls.of(generation, stage.getSampling(), stage.getForwards())
                            .ifPresent(other::setGuided);
                    return other.build();
                })
                .toList();
    }

    /** A prior makes a vector, or a very small picture, which counts as one whatever the size of the image. */
    private static void prior(Sampler sampler, Generation generation, Stage.Builder made) {
        float guidance = generation.getPriorGuidanceScale();
        made.setSampling(Sampling.newBuilder()
                        .setSteps(generation.getPriorSteps())
                        .setGuidanceScale(guidance))
                .setForwards(calls(sampler, generation.getPriorSteps(), Strength.WHOLE))
                .setRows(guidance > GUIDED ? GUIDED_ROWS : 1)
                .setArea(1);
    }

    /** The pictures of the ControlNets that steer a stage, which it reads itself. */
    private static List<String> controlImages(WorkflowStage stage, Generation generation) {
        return generation.getControlsList().stream()
                .filter(control -> control.getNet().getStage().equals(stage.getName()))
                .map(control -> Attachment.port(control.getImage()))
                .toList();
    }

    private static Sampling.Builder sampling(WorkflowStage stage, Generation generation, Strength strength) {
        if (stage.getOwnSteps() > 0) {
            Sampling.Builder own = Sampling.newBuilder().setSteps(stage.getOwnSteps());
            return stage.getOwnGuidanceScale() > 0 && generation.getGuidanceScale() > GUIDED
                    ? own.setGuidanceScale(stage.getOwnGuidanceScale())
                    : own;
        }
        Sampling.Builder sampling = Sampling.newBuilder()
                .setSampler(generation.getSampler())
                .setSchedule(generation.getSchedule())
                .setSteps(generation.getSteps());
        if (generation.hasEta()) {
            sampling.setEta(generation.getEta());
        }
        if (generation.hasFlowTable()) {
            sampling.setFlowTable(generation.getFlowTable());
        }
        if (stage.getTakesOver() && generation.hasRefining()) {
            sampling.setGuidanceScale(generation.getRefining().getGuidanceScale());
        }
        if (generation.hasStrength()) {
            sampling.setStrength(generation.getStrength())
                    .setLaysOutStrength(strength.laidOut())
                    .setCountsPartialStep(strength.countsPartialStep());
        }
        return sampling;
    }

    private static int rows(WorkflowStage stage, Generation generation) {
        boolean guided = generation.getGuidanceScale() > (stage.getGuidesFromPrompt() ? 0 : GUIDED)
                && !(generation.hasImageGuidanceScale() && generation.getImageGuidanceScale() < GUIDED);
        if (!guided || stage.getEmbedsGuidance()) {
            return 1;
        }
        return partsBeside(generation) + (stage.getGuidedRows() > 0 ? stage.getGuidedRows() : GUIDED_ROWS);
    }

    /** Each part of a composed prompt has a row of its own. */
    private static int partsBeside(Generation generation) {
        if (generation.getConditioningsCount() > 0) {
            return generation.getConditioningsCount() - 1 + Math.max(0, generation.getNegativeConditioningsCount() - 1);
        }
        return generation.getPromptSyntax().equals("a1111") ? AND.split(generation.getPrompt(), -1).length - 1 : 0;
    }

    private static int ownForwards(WorkflowStage stage) {
        return Math.max(stage.getOwnForwards(), stage.getOwnSteps());
    }

    private static int calls(Sampler sampler, int steps, Strength strength) {
        int done = strength.of(steps);
        return steps > 1 && sampler.getCallsPerStep() > 0
                ? sampler.getCallsPerStep() * done + sampler.getExtraCalls()
                : done;
    }

    /** @param text a name, which may be followed by a colon and more, as in a model's default */
    public static Optional<Sampler> sampler(ModelCard card, String text) {
        String name = text.split(":", 2)[0];
        return card.getSamplersList().stream()
                .filter(sampler -> sampler.getName().equals(name))
                .findFirst();
    }
}
