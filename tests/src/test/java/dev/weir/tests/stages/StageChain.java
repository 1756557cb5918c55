package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.ModelFolder;
import dev.weir.gateway.job.Route;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.Cards;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** The stages of a model one after the other, with what each hands on. The test's thread owns it. */
final class StageChain implements AutoCloseable {

    final RecordingOutbox outbox = new RecordingOutbox();
    private final ModelCard card;
    private final List<Stage> stages = new ArrayList<>();

    StageChain(ModelFolder model) {
        this.card = Cards.toProto(model);
    }

    Task.Builder task(String job, Generation.Builder generation) {
        return task(job, 0, generation);
    }

    /** @param workflow its place in the model's card */
    Task.Builder task(String job, int workflow, Generation.Builder generation) {
        return Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId(job).setAttempt(1))
                .setModel(card.getId())
                .setGeneration(generation)
                .addAllRoute(Route.stages(card, card.getWorkflows(workflow), generation.build()));
    }

    Stage opened(Stage stage) {
        stage.open();
        stages.add(stage);
        return stage;
    }

    Tensor[] handedOn(String job) {
        return outbox.handedOn.get(job + "/0").values().toArray(Tensor[]::new);
    }

    /** @param given with each task, in the order of the tasks */
    void admit(Stage stage, int position, List<Task.Builder> tasks, List<Tensor[]> given) {
        IntStream.range(0, tasks.size())
                .forEach(i -> stage.admit(work(tasks.get(i).setPosition(position), given.get(i)), outbox));
    }

    /** Rows of all forward passes together: how many share one depends on the speed of the machine. */
    int rows(Stage stage) {
        return turnAll(stage, outbox).stream().mapToInt(Integer::intValue).sum();
    }

    /** Each checkpoint in mid-run leads to what the undisturbed run gives. A later stage's has what the stage before made. */
    Tensor[] goesOn(Stage stage, Task.Builder task, int position, Tensor... given) {
        String job = task.getRef().getJobId();
        stage.admit(work(task.clone().setPosition(position), given), outbox);
        int steps = turnAll(stage, outbox).size();
        Tensor[] undisturbed = handedOn(job);
        List<Snapshot> all = outbox.checkpoints.remove(job + "/0");
        assertThat(all).hasSize(steps);
        assertThat(all.get(steps - 1).checkpoint().getPosition()).isEqualTo(position + 1);
        for (Snapshot from : all.subList(0, steps - 1)) {
            List<Tensor> again = new ArrayList<>(Arrays.stream(given)
                    .filter(tensor -> !tensor.name().equals("latent"))
                    .toList());
            again.addAll(from.tensors());
            stage.admit(
                    work(task.clone().setPosition(position).setResume(from.checkpoint()), again.toArray(Tensor[]::new)),
                    outbox);
            assertThat(turnAll(stage, outbox)).hasSize(steps - from.checkpoint().getStep());
            assertThat(outbox.failures).isEmpty();
            assertThat(handedOn(job)[0].toFloats()).containsExactly(undisturbed[0].toFloats());
        }
        outbox.checkpoints.clear();
        return undisturbed;
    }

    static Tensor[] with(Tensor[] some, Tensor[] others) {
        List<Tensor> all = new ArrayList<>(List.of(some));
        all.addAll(List.of(others));
        return all.toArray(Tensor[]::new);
    }

    /** The same of several tasks. */
    static List<Tensor[]> with(List<Tensor[]> some, List<Tensor[]> others) {
        return IntStream.range(0, some.size())
                .mapToObj(i -> with(some.get(i), others.get(i)))
                .toList();
    }

    @Override
    public void close() {
        stages.forEach(Stage::close);
    }
}
