package dev.weir.serving;

import dev.weir.engine.ModelCard;
import dev.weir.engine.sampler.Calls;
import dev.weir.engine.sampler.Samplers;
import dev.weir.proto.v1.SamplerCalls;
import dev.weir.proto.v1.Sizes;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Workflow;
import dev.weir.proto.v1.WorkflowStage;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Converts a model's card to the form in a node's status. */
public final class Cards {

    private static final int MAX_STEPS = 250;
    private static final List<String> TEXT = List.of("cond", "uncond");

    private Cards() {}

    public static dev.weir.proto.v1.ModelCard toProto(ModelCard card) {
        Map<String, SamplerCalls> calls = card.samplers().stream()
                .filter(sampler -> !Samplers.calls(sampler).equals(Calls.ONE_A_STEP))
                .collect(Collectors.toMap(Function.identity(), sampler -> SamplerCalls.newBuilder()
                        .setPerStep(Samplers.calls(sampler).perStep())
                        .setExtra(Samplers.calls(sampler).extra())
                        .build()));
        return dev.weir.proto.v1.ModelCard.newBuilder()
                .setId(card.id())
                .setLatentChannels(card.latentChannels())
                .setScale(card.scale())
                .setNativeSize(card.nativeSize())
                .setUpsampleFactor(card.upsampleFactor())
                .addAllSamplers(card.samplers())
                .putAllCalls(calls)
                .setDefaultSteps(card.defaults().steps())
                .setDefaultGuidanceScale(card.defaults().guidanceScale())
                .setDefaultSampler(card.defaults().sampler())
                .setMaxSteps(MAX_STEPS)
                .addAllWorkflows(workflows(card))
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
