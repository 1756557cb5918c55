package dev.weir.bench.simulation;

import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.JobSpec.Terms;
import dev.weir.gateway.job.OnDisconnect;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Workflow;
import dev.weir.proto.v1.WorkflowStage;
import dev.weir.runtime.bus.Addresses;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The only model of a simulation: a text encoder, a denoiser, and a decoder, which are kinds of nodes. */
final class SimulatedModel {

    static final List<StageKind> KINDS = List.of(StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.DECODER);
    private static final String ID = "simulated";

    private static final ModelCard CARD = ModelCard.newBuilder()
            .setId(ID)
            .addWorkflows(Workflow.newBuilder()
                    .setName("text_to_image")
                    .addAllStages(KINDS.stream().map(SimulatedModel::card).toList()))
            .build();

    private static final Map<StageKind, List<ModelStatus>> STATUSES = KINDS.stream()
            .collect(Collectors.toUnmodifiableMap(
                    Function.identity(),
                    kind -> List.of(ModelStatus.newBuilder()
                            .setId(ID)
                            .addStages(Addresses.name(kind))
                            .setCard(CARD)
                            .build())));

    private SimulatedModel() {}

    static List<ModelStatus> servedBy(StageKind kind) {
        return STATUSES.get(kind);
    }

    static JobSpec job(long seed, int samples, int steps, Priority priority) {
        return new JobSpec(
                ID,
                KINDS.stream().map(kind -> stage(kind, steps)).toList(),
                Generation.newBuilder().setSeed(seed).build(),
                samples,
                Preview.getDefaultInstance(),
                List.of(),
                new Terms("", priority, OnDisconnect.FINISH));
    }

    private static StageRole role(StageKind kind) {
        return switch (kind) {
            case TEXT_ENCODER -> StageRole.ENCODE;
            case DECODER -> StageRole.DECODE;
            default -> StageRole.DIFFUSE;
        };
    }

    private static WorkflowStage card(StageKind kind) {
        WorkflowStage.Builder card = WorkflowStage.newBuilder()
                .setName(Addresses.name(kind))
                .setRole(role(kind))
                .setNode(kind);
        return switch (kind) {
            case TEXT_ENCODER -> card.addGives("cond").build();
            case DECODER -> card.addTakes("latent").addKeeps("latent").build();
            default -> card.addTakes("cond").addGives("latent").build();
        };
    }

    private static Stage stage(StageKind kind, int steps) {
        WorkflowStage card = card(kind);
        return Stage.newBuilder()
                .setName(card.getName())
                .setRole(card.getRole())
                .setForwards(kind == StageKind.DENOISER ? steps : 1)
                .addAllTakes(card.getTakesList())
                .addAllGives(card.getGivesList())
                .addAllKeeps(card.getKeepsList())
                .build();
    }
}
