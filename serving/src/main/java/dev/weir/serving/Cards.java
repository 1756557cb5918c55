package dev.weir.serving;

import dev.weir.engine.ModelCard;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.sampler.Samplers;
import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.Sizes;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Workflow;
import dev.weir.proto.v1.WorkflowStage;
import java.util.List;

/** Converts a model's card to the form in a node's status. */
public final class Cards {

    private static final int MAX_STEPS = 1000;
    private static final List<String> TEXT = List.of("cond", "uncond");

    private static final List<Field> TEXT_FIELDS = List.of(
            Field.newBuilder().setName("prompt").setNeeded(true).build(),
            Field.newBuilder().setName("negative_prompt").build(),
            Field.newBuilder().setName("guidance_scale").setMin(0).setMax(50).build());

    private Cards() {}

    public static dev.weir.proto.v1.ModelCard toProto(ModelFolder folder) {
        ModelCard card = folder.card();
        return dev.weir.proto.v1.ModelCard.newBuilder()
                .setId(card.id())
                .setLatentChannels(card.latentChannels())
                .setScale(card.scale())
                .setNativeSize(card.nativeSize())
                .setUpsampleFactor(card.upsampleFactor())
                .addAllSamplers(Samplers.choices(folder.scheduler()).stream()
                        .map(Cards::toProto)
                        .toList())
                .setDefaultSteps(card.defaults().steps())
                .setDefaultGuidanceScale(card.defaults().guidanceScale())
                .setDefaultSampler(card.defaults().sampler())
                .setMaxSteps(MAX_STEPS)
                .addAllWorkflows(workflows(card))
                .build();
    }

    private static Sampler toProto(Samplers.Choice choice) {
        return Sampler.newBuilder()
                .setName(choice.name())
                .addAllSchedules(choice.schedules())
                .setTakesEta(choice.takesEta())
                .setCallsPerStep(choice.calls().perStep())
                .setExtraCalls(choice.calls().extra())
                .build();
    }

    /** The names of the stages that nodes of this kind run. */
    static List<String> stages(ModelCard card, StageKind node) {
        return workflows(card).stream()
                .flatMap(workflow -> workflow.getStagesList().stream())
                .filter(stage -> stage.getNode() == node)
                .map(WorkflowStage::getName)
                .distinct()
                .toList();
    }

    /** A side above the native size goes through the upsampler, if the model has one. */
    private static List<Workflow> workflows(ModelCard card) {
        WorkflowStage encoder = WorkflowStage.newBuilder()
                .setName("text-encoder")
                .setNode(StageKind.TEXT_ENCODER)
                .setRole(StageRole.ENCODE)
                .addAllGives(TEXT)
                .build();
        WorkflowStage denoiser = WorkflowStage.newBuilder()
                .setName("denoiser")
                .setNode(StageKind.DENOISER)
                .setRole(StageRole.DIFFUSE)
                .addAllTakes(TEXT)
                .addGives(Latents.NAME)
                .build();
        WorkflowStage upsampler = WorkflowStage.newBuilder()
                .setName("upsampler")
                .setNode(StageKind.UPSAMPLER)
                .setRole(StageRole.DIFFUSE)
                .addAllTakes(TEXT)
                .addTakes(Latents.NAME)
                .addKeeps(Latents.NAME)
                .addGives(Latents.NAME)
                .setOwnSteps(card.defaults().upsamplerSteps())
                .build();
        WorkflowStage decoder = WorkflowStage.newBuilder()
                .setName("decoder")
                .setNode(StageKind.DECODER)
                .setRole(StageRole.DECODE)
                .addTakes(Latents.NAME)
                .addKeeps(Latents.NAME)
                .build();
        Workflow base = Workflow.newBuilder()
                .setName("text_to_image")
                .addAllFields(TEXT_FIELDS)
                .setSizes(sizes(card, 1, card.hasUpsampler() ? card.nativeSize() : card.maxSize()))
                .addAllStages(List.of(encoder, denoiser, decoder))
                .build();
        if (!card.hasUpsampler()) {
            return List.of(base);
        }
        int factor = card.upsampleFactor();
        WorkflowStage smaller = denoiser.toBuilder().setReduction(factor).build();
        Workflow upsampled = Workflow.newBuilder()
                .setName("text_to_image_upsampled")
                .addAllFields(TEXT_FIELDS)
                .setSizes(sizes(card, factor, card.maxSize()))
                .addAllStages(List.of(encoder, smaller, upsampler, decoder))
                .build();
        return List.of(base, upsampled);
    }

    /** @param max side of the denoiser's picture */
    private static Sizes sizes(ModelCard card, int factor, int max) {
        return Sizes.newBuilder()
                .setMin(card.minSize() * factor)
                .setMax(max * factor)
                .setMultiple(Math.max(1, card.sizeMultiple()) * factor)
                .setDefaultWidth(card.nativeSize() * factor)
                .setDefaultHeight(card.nativeSize() * factor)
                .build();
    }
}
