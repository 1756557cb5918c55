package dev.weir.gateway.job;

import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Workflow;
import dev.weir.proto.v1.WorkflowStage;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * Where in a route a stage stands, alike for all models: the first that diffuses, the second that diffuses. Samples pass the
 * phases in order. Immutable.
 *
 * @param nth how many stages of the same role come before it
 */
record Phase(StageRole role, int nth) implements Comparable<Phase> {

    /** Here samples of all models gather before the device begins with them. */
    static final Phase FIRST_DIFFUSION = new Phase(StageRole.DIFFUSE, 0);

    private static final Comparator<Phase> ORDER =
            Comparator.comparing(Phase::role).thenComparing(Phase::nth);

    static Phase of(List<Stage> route, int position) {
        return at(route, position, Stage::getRole);
    }

    private static <S> Phase at(List<S> route, int position, Function<S, StageRole> roleOf) {
        StageRole role = roleOf.apply(route.get(position));
        long before = route.stream()
                .limit(position)
                .filter(stage -> roleOf.apply(stage) == role)
                .count();
        return new Phase(role, (int) before);
    }

    boolean isDiffusing() {
        return role == StageRole.DIFFUSE;
    }

    /** Those that a node works in, for any of its models. */
    static Set<Phase> of(NodeStatus node) {
        Set<Phase> phases = new HashSet<>();
        for (ModelStatus model : node.getModelsList()) {
            for (Workflow workflow : model.getCard().getWorkflowsList()) {
                List<WorkflowStage> stages = workflow.getStagesList();
                for (int i = 0; i < stages.size(); i++) {
                    if (model.getStagesList().contains(stages.get(i).getName())) {
                        phases.add(at(stages, i, WorkflowStage::getRole));
                    }
                }
            }
        }
        return phases;
    }

    @Override
    public int compareTo(Phase other) {
        return ORDER.compare(this, other);
    }
}
