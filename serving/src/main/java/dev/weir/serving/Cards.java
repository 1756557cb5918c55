package dev.weir.serving;

import dev.weir.engine.ModelCard;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ModelFolders;
import dev.weir.engine.pipeline.Pipeline;
import dev.weir.engine.pipeline.Port;
import dev.weir.engine.pipeline.Role;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.SchedulerConfig;
import dev.weir.engine.sampler.StrengthCount;
import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.Sizes;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Workflow;
import dev.weir.proto.v1.WorkflowStage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Converts a model's card to the form in a node's status. */
public final class Cards {

    private static final int MAX_STEPS = 1000;
    private static final List<StageKind> DIFFUSING =
            List.of(StageKind.DENOISER, StageKind.UPSAMPLER, StageKind.SECOND_UPSAMPLER);

    private Cards() {}

    /** With the LoRAs and other files beside the model that there are now. */
    public static dev.weir.proto.v1.ModelCard toProto(ModelFolder folder) {
        return new LiveCard(folder).get();
    }

    static dev.weir.proto.v1.ModelCard withoutAddOns(ModelFolder folder) {
        ModelCard card = folder.card();
        int maxSteps = Math.max(MAX_STEPS, card.defaults().steps());
        int usual = folder.pipeline().workflows().get(0).sizes().usual();
        return dev.weir.proto.v1.ModelCard.newBuilder()
                .setId(card.id())
                .setDraft(draft(folder))
                .setLatentChannels(card.latentChannels())
                .setScale(card.scale())
                .setNativeSize(usual)
                .setUpsampleFactor(card.nativeSize() * card.upsampleFactor() / usual)
                .addAllSamplers(
                        folder.samplers(maxSteps).stream().map(Cards::toProto).toList())
                .setDefaultSteps(card.defaults().steps())
                .setDefaultGuidanceScale(card.defaults().guidanceScale())
                .setDefaultSampler(card.defaults().sampler())
                .setMaxSteps(maxSteps)
                .addAllWorkflows(workflows(folder))
                .addAllPreviews(previews(folder))
                .build();
    }

    /** One that cannot be read is not offered. Where drafts are opened, a warning says why. */
    private static String draft(ModelFolder folder) {
        try {
            return folder.draft().map(ModelFolders::id).orElse("");
        } catch (ModelException unreadable) {
            return "";
        }
    }

    private static List<Preview.Grade> previews(ModelFolder folder) {
        List<Preview.Grade> grades = new ArrayList<>();
        if (folder.latentPreview().isPresent()) {
            grades.add(Preview.Grade.LATENT_RGB);
        }
        if (folder.hasTinyAutoencoder()) {
            grades.add(Preview.Grade.TAESD);
        }
        grades.add(Preview.Grade.VAE);
        return grades;
    }

    private static Sampler toProto(Samplers.Choice choice) {
        return Sampler.newBuilder()
                .setName(choice.name())
                .addAllSchedules(choice.schedules())
                .setTakesEta(choice.takesEta())
                .setCallsPerStep(choice.calls().perStep())
                .setExtraCalls(choice.calls().extra())
                .setLeastSteps(choice.leastSteps())
                .setMostSteps(choice.mostSteps())
                .setLaysOutStrength(choice.laysOutStrength())
                .build();
    }

    /** The names of the stages that nodes of this kind run. */
    public static List<String> stages(ModelFolder folder, StageKind node) {
        return folder.pipeline().workflows().stream()
                .flatMap(workflow -> workflow.stages().stream())
                .filter(stage -> node(folder.pipeline(), stage) == node)
                .map(StageSpec::name)
                .distinct()
                .toList();
    }

    /** The folders of the parts that nodes of these kinds load. */
    static Set<String> components(ModelFolder folder, Collection<StageKind> nodes) {
        Pipeline pipeline = folder.pipeline();
        Set<String> components = pipeline.workflows().stream()
                .flatMap(workflow -> workflow.stages().stream())
                .filter(stage -> nodes.contains(node(pipeline, stage)))
                .flatMap(stage -> stage.components().stream())
                .collect(Collectors.toCollection(HashSet::new));
        if (nodes.contains(node(pipeline, pipeline.main()))) {
            pipeline.type().classifier().ifPresent(components::add);
        }
        return components;
    }

    private static List<Workflow> workflows(ModelFolder folder) {
        return folder.pipeline().workflows().stream()
                .map(workflow -> Workflow.newBuilder()
                        .setName(workflow.name())
                        .addAllFields(
                                workflow.fields().stream().map(Cards::toProto).toList())
                        .setSizes(sizes(workflow.sizes()))
                        .setOwnSize(hasOwnSize(folder.pipeline(), workflow))
                        .addAllStages(workflow.stages().stream()
                                .map(stage -> stage(folder, stage))
                                .toList())
                        .build())
                .toList();
    }

    /** CLIP sees the middle of a picture in one size, so what it sees says nothing of the picture's sides. */
    private static boolean hasOwnSize(Pipeline pipeline, dev.weir.engine.pipeline.Workflow workflow) {
        List<StageSpec> seeing = workflow.stages().stream()
                .filter(stage -> stage.takes().contains(Port.INIT_IMAGE))
                .toList();
        return !seeing.isEmpty() && seeing.stream().noneMatch(pipeline::isOfAutoencoder);
    }

    private static Field toProto(dev.weir.engine.pipeline.Field field) {
        Field.Builder builder = Field.newBuilder()
                .setName(field.name())
                .setNeeded(field.needed())
                .setMin(field.min())
                .setMax(field.max());
        field.usual().ifPresent(builder::setUsual);
        return builder.build();
    }

    private static WorkflowStage stage(ModelFolder folder, StageSpec stage) {
        WorkflowStage.Builder builder = WorkflowStage.newBuilder()
                .setName(stage.name())
                .setRole(role(stage))
                .setNode(node(folder.pipeline(), stage))
                .setReduction(stage.reduction() == 1 ? 0 : stage.reduction())
                .setOwnSteps(stage.ownSteps())
                .setOwnGuidanceScale(stage.ownGuidance())
                .setTakesOver(stage.takesOver())
                .setLaysOutStrength(stage.strengthCount() == StrengthCount.ALL_STEPS)
                .setCountsPartialStep(stage.strengthCount() == StrengthCount.PARTIAL_STEP)
                .setGuidedRows(stage.role() == Role.DIFFUSE ? stage.guidedRows() : 0)
                .setEmbedsGuidance(stage.role() == Role.DIFFUSE && folder.embedsGuidance(stage))
                .setGuidesFromPrompt(
                        stage.role() == Role.DIFFUSE && folder.pipeline().type().guidesFromPrompt());
        if (stage.isPrior()) {
            SchedulerConfig schedule = folder.scheduler(stage);
            String sampler = Samplers.defaultName(schedule);
            Samplers.choices(schedule, MAX_STEPS).stream()
                    .filter(choice -> choice.name().equals(sampler))
                    .findFirst()
                    .ifPresent(choice -> builder.setPriorSampler(toProto(choice)));
        }
        if (stage.ownSteps() > 0) {
            String sampler = Samplers.defaultName(folder.scheduler(stage));
            builder.setOwnForwards(Samplers.calls(sampler).of(stage.ownSteps()));
        }
        for (Port port : stage.takes()) {
            builder.addTakes(port.name());
            if (port.kept()) {
                builder.addKeeps(port.name());
            }
        }
        stage.gives().forEach(port -> builder.addGives(port.name()));
        return builder.build();
    }

    private static StageRole role(StageSpec stage) {
        return switch (stage.role()) {
            case ENCODE -> StageRole.ENCODE;
            case DIFFUSE -> StageRole.DIFFUSE;
            case DECODE -> StageRole.DECODE;
        };
    }

    /**
     * Each diffusion of a model is for another kind of node. Decoder nodes have the autoencoder, with which they see pictures too.
     */
    private static StageKind node(Pipeline pipeline, StageSpec stage) {
        return switch (stage.role()) {
            case ENCODE -> pipeline.isOfAutoencoder(stage) ? StageKind.DECODER : StageKind.TEXT_ENCODER;
            case DIFFUSE ->
                DIFFUSING.get(pipeline.diffusing().stream()
                        .map(StageSpec::name)
                        .toList()
                        .indexOf(stage.name()));
            case DECODE -> StageKind.DECODER;
        };
    }

    private static Sizes sizes(dev.weir.engine.pipeline.Sizes sizes) {
        return Sizes.newBuilder()
                .setMin(sizes.min())
                .setMax(sizes.max())
                .setMultiple(sizes.multiple())
                .setDefaultWidth(sizes.usual())
                .setDefaultHeight(sizes.usual())
                .build();
    }
}
