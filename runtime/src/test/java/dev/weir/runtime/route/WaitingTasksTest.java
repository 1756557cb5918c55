package dev.weir.runtime.route;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.Stages;
import dev.weir.runtime.route.WaitingTask.Turn;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

final class WaitingTasksTest {

    private final WaitingTasks waiting = new WaitingTasks();
    private long arrivals;

    @Test
    void tasksComeInTurnWhateverTheyNeed() {
        add("a", "apple", Priority.STANDARD);
        add("b", "pear", Priority.BATCH);
        add("c", "pear", Priority.STANDARD);
        add("d", "apple", Priority.INTERACTIVE);
        add("e", "apple", Priority.STANDARD);

        assertThat(told(task -> true)).containsExactly("d", "a", "c", "e", "b");
    }

    @Test
    void afterFalseTheOthersWithThatNeedAreLeftOut() {
        add("a", "apple", Priority.STANDARD);
        add("b", "pear", Priority.STANDARD);
        add("c", "apple", Priority.STANDARD);
        add("d", "pear", Priority.STANDARD);

        assertThat(told(task -> !task.need.model().equals("apple"))).containsExactly("a", "b", "d");
    }

    @Test
    void tasksMayBeRemovedWhileTheyAreTold() {
        add("a", "apple", Priority.STANDARD);
        add("b", "apple", Priority.STANDARD);
        WaitingTask last = add("c", "apple", Priority.STANDARD);

        List<String> told = told(task -> {
            waiting.remove(task);
            waiting.remove(last);
            return true;
        });

        assertThat(told).containsExactly("a", "b");
        assertThat(waiting.isEmpty()).isTrue();
        assertThat(waiting.ofJob("a")).isEmpty();
    }

    @Test
    void aTaskThatIsAddedWhileTheyAreToldIsToldInItsTurn() {
        add("a", "apple", Priority.STANDARD);
        add("b", "apple", Priority.BATCH);

        List<String> told = told(task -> {
            waiting.remove(task);
            if (task.task.getRef().getJobId().equals("a")) {
                add("c", "apple", Priority.STANDARD);
            }
            return true;
        });

        assertThat(told).containsExactly("a", "c", "b");
        assertThat(waiting.isEmpty()).isTrue();
    }

    @Test
    void aNodeCountsOnlyIfItCanDoOneOfThem() {
        WaitingTask task = add("a", "apple", Priority.STANDARD);
        add("b", "apple", Priority.STANDARD);

        assertThat(waiting.anyFor(serving("apple"))).isTrue();
        assertThat(waiting.anyFor(serving("pear"))).isFalse();
        assertThat(waiting.ofJob("a")).containsExactly(task);
        assertThat(waiting.all()).hasSize(2);
    }

    private List<String> told(Predicate<WaitingTask> goesOn) {
        List<String> told = new ArrayList<>();
        waiting.inTurn(task -> {
            told.add(task.task.getRef().getJobId());
            return goesOn.test(task);
        });
        return told;
    }

    private WaitingTask add(String job, String model, Priority priority) {
        Task task = Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId(job))
                .setModel(model)
                .setPriority(priority)
                .addRoute(Stages.of(StageKind.DENOISER, 3))
                .build();
        WaitingTask added = new WaitingTask(Turn.of(task, arrivals++), task, List.of(), Promise.promise(), 0);
        waiting.add(added);
        return added;
    }

    private static NodeStatus serving(String model) {
        String stage = Stages.of(StageKind.DENOISER, 3).getName();
        return NodeStatus.newBuilder()
                .addModels(ModelStatus.newBuilder().setId(model).addStages(stage))
                .build();
    }
}
