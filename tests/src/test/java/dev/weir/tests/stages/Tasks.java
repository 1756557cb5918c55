package dev.weir.tests.stages;

import static org.awaitility.Awaitility.await;

import dev.weir.decoder.DecoderStage;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ModelFolder;
import dev.weir.gateway.job.Route;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Task;
import dev.weir.proto.v1.Workflow;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Cards;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Tasks for the tiny checkpoint of the default model's shape, a cascade, and manual turns of a stage. */
final class Tasks {

    static final ComputeTarget EXACT = new ComputeTarget("cpu", ComputeTarget.Precision.FP32);
    static final ModelFolder TINY =
            ModelFolder.open(Path.of("../engine/src/test/resources/reference/checkpoints/default"));

    private static final ModelCard CARD = Cards.toProto(TINY);

    private Tasks() {}

    /** A guided sample of 4 steps at 64x64. */
    static Generation.Builder generation(String prompt) {
        return Generation.newBuilder()
                .setPrompt(prompt)
                .setSeed(7)
                .setSteps(4)
                .setGuidanceScale(4)
                .setSampler("ddim")
                .setWidth(64)
                .setHeight(64)
                .setOutputFormat("png");
    }

    /** At the text encoder. */
    static Task.Builder task(String job, Generation.Builder generation) {
        return task(job, CARD.getWorkflows(0), generation);
    }

    /** A task of a workflow, at its first stage. */
    static Task.Builder of(String workflow, String job, Generation.Builder generation) {
        return CARD.getWorkflowsList().stream()
                .filter(known -> known.getName().equals(workflow))
                .findFirst()
                .map(known -> task(job, known, generation))
                .orElseThrow();
    }

    private static Task.Builder task(String job, Workflow workflow, Generation.Builder generation) {
        return Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId(job).setAttempt(1))
                .setModel(CARD.getId())
                .setGeneration(generation)
                .addAllRoute(Route.stages(CARD, workflow, generation.build()));
    }

    /** At the denoiser. */
    static Task.Builder denoising(String job, Generation.Builder generation) {
        return task(job, generation).setPosition(1);
    }

    /** A picture of 128x64 that the upsampler makes in so many steps; at the text encoder. */
    static Task.Builder cascade(String job, int upsamplerSteps) {
        Generation.Builder generation = generation("a red apple").setWidth(128).setHeight(64);
        Task.Builder task = task(job, CARD.getWorkflows(1), generation);
        task.getRouteBuilder(2).setForwards(upsamplerSteps).getSamplingBuilder().setSteps(upsamplerSteps);
        return task;
    }

    static Work work(Task.Builder task, Tensor... tensors) {
        return new Work(task.build(), List.of(tensors));
    }

    /** Takes turns until there is nothing to do. Returns the rows of each turn. */
    static List<Integer> turnAll(Stage stage, Outbox outbox) {
        List<Integer> rows = new ArrayList<>();
        Set<Work> others = running(outbox);
        for (int turned = stage.turn(outbox); turned > 0; turned = stage.turn(outbox)) {
            rows.add(turned);
            if (stage instanceof DecoderStage) { // whose files are written on other threads
                await().until(() -> others.containsAll(running(outbox)));
            }
        }
        return rows;
    }

    private static Set<Work> running(Outbox outbox) {
        return outbox instanceof RecordingOutbox recording ? recording.running() : Set.of();
    }
}
