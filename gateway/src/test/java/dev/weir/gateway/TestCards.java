package dev.weir.gateway;

import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.Sizes;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Workflow;
import dev.weir.proto.v1.WorkflowStage;
import dev.weir.runtime.bus.Addresses;
import java.util.List;
import java.util.Set;

/** The workflows of test models. Their stages are named as the kinds of nodes that run them. */
public final class TestCards {

    private static final List<Field> TEXT = List.of(
            Field.newBuilder().setName("prompt").setNeeded(true).build(),
            Field.newBuilder().setName("negative_prompt").build(),
            Field.newBuilder().setName("prompt_syntax").build(),
            number("guidance_scale", 50),
            number("guidance_rescale", 1),
            number("guidance_start", 1),
            number("guidance_end", 1),
            Field.newBuilder().setName("guidance_reuse").build(),
            number("clip_skip", 11),
            number("image_guidance_scale", 50),
            number("class_label", 9),
            number("noise_level", 999),
            number("prior_steps", 1000).toBuilder().setMin(1).build(),
            number("prior_guidance_scale", 50),
            number("refiner_start", 1).toBuilder().setMin(0.1).build(),
            Field.newBuilder().setName("original_size").build(),
            Field.newBuilder().setName("crop").build());

    private static final Set<String> FLOW = Set.of("prompt", "init_image", "mask", "strength");
    private static final List<String> FLOW_SCHEDULES =
            List.of("normal", "karras", "comfyui_simple", "comfyui_sgm_uniform");

    private TestCards() {}

    /** From an init image, which the denoiser reads. */
    static Workflow imageToImage(int min, int max, int multiple, int side) {
        return textToImage(min, max, multiple, side).toBuilder()
                .setName("image_to_image")
                .addFields(Field.newBuilder().setName("init_image").setNeeded(true))
                .addFields(Field.newBuilder().setName("mask"))
                .addFields(Field.newBuilder().setName("control_image"))
                .addFields(number("strength", 1))
                .addFields(number("mask_blur", 64))
                .addFields(Field.newBuilder().setName("masked_content"))
                .addFields(number("padding_mask_crop", 4096))
                .setStages(
                        1,
                        stage(StageKind.DENOISER).addTakes("input/init_image").addTakes("input/mask"))
                .build();
    }

    static Field number(String name, double max) {
        return Field.newBuilder().setName(name).setMax(max).build();
    }

    static Sampler.Builder sampler(String name) {
        return Sampler.newBuilder().setName(name).setCallsPerStep(1);
    }

    /** A guidance scale of 0 is none. */
    static ModelCard guidedFromPrompt(ModelCard card) {
        ModelCard.Builder guided = card.toBuilder();
        guided.getWorkflowsBuilderList()
                .forEach(workflow -> workflow.getStagesBuilder(1).setGuidesFromPrompt(true));
        return guided.build();
    }

    /** Of a rectified flow. @param more fields that it takes */
    static ModelCard flow(String id, boolean embedsGuidance, Set<String> more) {
        ModelCard.Builder card = TestGateway.CARD.toBuilder()
                .setId(id)
                .clearWorkflows()
                .clearSamplers()
                .setDefaultSampler("flow_euler");
        for (Workflow workflow : List.of(textToImage(32, 64, 8, 64), imageToImage(32, 64, 8, 64))) {
            Workflow.Builder own = workflow.toBuilder().clearFields();
            workflow.getFieldsList().stream()
                    .filter(field -> FLOW.contains(field.getName()) || more.contains(field.getName()))
                    .forEach(own::addFields);
            WorkflowStage.Builder denoiser = own.getStagesBuilder(1).setEmbedsGuidance(embedsGuidance);
            denoiser.setCountsPartialStep(true);
            card.addWorkflows(own);
        }
        for (String sampler : List.of("flow_euler", "flow_lcm", "flow_dpmpp_2m")) {
            card.addSamplers(sampler(sampler).addAllSchedules(FLOW_SCHEDULES).setMostSteps(50));
        }
        return card.build();
    }

    /** Pictures without text, of 64x64, from a denoiser and a decoder. */
    static Workflow withoutText(Field... fields) {
        return Workflow.newBuilder()
                .setName("image")
                .setSizes(sizes(64, 64, 64, 64))
                .addAllFields(List.of(fields))
                .addStages(stage(StageKind.DENOISER).clearTakes())
                .addStages(stage(StageKind.DECODER))
                .build();
    }

    public static Workflow textToImage(int min, int max, int multiple, int side) {
        return Workflow.newBuilder()
                .setName("text_to_image")
                .addAllFields(TEXT)
                .setSizes(sizes(min, max, multiple, side))
                .addStages(stage(StageKind.TEXT_ENCODER))
                .addStages(stage(StageKind.DENOISER))
                .addStages(stage(StageKind.DECODER))
                .build();
    }

    /** The base is half as large, and the upsampler makes 2 steps. */
    static Workflow upsampled(int min, int max, int multiple, int side) {
        return Workflow.newBuilder()
                .setName("text_to_image_upsampled")
                .addAllFields(TEXT)
                .setSizes(sizes(min, max, multiple, side))
                .addStages(stage(StageKind.TEXT_ENCODER))
                .addStages(stage(StageKind.DENOISER).setReduction(2))
                .addStages(stage(StageKind.UPSAMPLER).setOwnSteps(2))
                .addStages(stage(StageKind.DECODER))
                .build();
    }

    private static Sizes sizes(int min, int max, int multiple, int side) {
        return Sizes.newBuilder()
                .setMin(min)
                .setMax(max)
                .setMultiple(multiple)
                .setDefaultWidth(side)
                .setDefaultHeight(side)
                .build();
    }

    static WorkflowStage.Builder stage(StageKind kind) {
        WorkflowStage.Builder stage =
                WorkflowStage.newBuilder().setName(Addresses.name(kind)).setNode(kind);
        return switch (kind) {
            case TEXT_ENCODER -> stage.setRole(StageRole.ENCODE).addGives("cond");
            case DENOISER -> stage.setRole(StageRole.DIFFUSE).addTakes("cond").addGives("latent");
            case UPSAMPLER ->
                stage.setRole(StageRole.DIFFUSE)
                        .addTakes("cond")
                        .addTakes("latent")
                        .addKeeps("latent")
                        .addGives("latent");
            default -> stage.setRole(StageRole.DECODE).addTakes("latent").addKeeps("latent");
        };
    }

    /** The kind of node that runs a stage of these. */
    static StageKind kind(Stage stage) {
        for (StageKind kind : StageKind.values()) {
            if (kind != StageKind.UNRECOGNIZED && Addresses.name(kind).equals(stage.getName())) {
                return kind;
            }
        }
        throw new IllegalArgumentException("no kind of node runs " + stage.getName());
    }
}
