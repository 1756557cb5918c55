package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;

import dev.weir.decoder.DecoderStage;
import dev.weir.engine.ModelFolder;
import dev.weir.gateway.job.Route;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Task;
import dev.weir.proto.v1.Workflow;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.Cards;
import dev.weir.tests.FamilyFolder;
import dev.weir.textencoder.TextEncoderStage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Tasks of a model whose runs begin with a picture, what its encoders give them, and their runs at a denoiser. */
final class FamilyStages {

    static final int DENOISER = 2;
    static final String SAMPLE = "a/0";

    private static final Path PICTURES = FamilyFolder.REFERENCE.resolve("images");

    final ModelFolder model;
    private final ModelCard card;

    FamilyStages(Path folder) {
        this.model = ModelFolder.open(folder);
        this.card = Cards.toProto(model);
    }

    /** At its first stage. */
    Task.Builder task(String name, Generation.Builder generation) {
        Workflow workflow = card.getWorkflowsList().stream()
                .filter(known -> known.getName().equals(name))
                .findFirst()
                .orElseThrow();
        return Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId("a").setAttempt(1))
                .setModel(card.getId())
                .setGeneration(generation)
                .addAllRoute(Route.stages(card, workflow, generation.build()));
    }

    /** What the encoders give for the prompts and the picture. */
    List<Tensor> encoded(Task.Builder task) throws IOException {
        List<Tensor> given = new ArrayList<>(run(new TextEncoderStage(List.of(model), EXACT, 8), task, 0));
        byte[] photo = Files.readAllBytes(PICTURES.resolve("photo.png"));
        given.addAll(
                run(new DecoderStage(List.of(model), EXACT, 8), task, 1, Tensor.ofBytes("input/init_image", photo)));
        return given;
    }

    private static List<Tensor> run(Stage stage, Task.Builder task, int position, Tensor... inputs) {
        RecordingOutbox outbox = new RecordingOutbox();
        stage.open();
        stage.admit(work(task.clone().setPosition(position), inputs), outbox);
        turnAll(stage, outbox);
        stage.close();
        return List.copyOf(outbox.handedOn.get(SAMPLE).values());
    }

    /** The rows of each forward of a run, from its beginning or from a checkpoint. */
    static List<Integer> run(Stage denoiser, Task.Builder task, List<Tensor> given, RecordingOutbox outbox) {
        denoiser.admit(work(task.clone().setPosition(DENOISER), given.toArray(Tensor[]::new)), outbox);
        return turnAll(denoiser, outbox);
    }

    static List<Integer> resumed(
            Stage denoiser, Task.Builder task, List<Tensor> given, Snapshot from, RecordingOutbox outbox) {
        List<Tensor> all = new ArrayList<>(given);
        all.addAll(from.tensors());
        return run(denoiser, task.clone().setResume(from.checkpoint()), all, outbox);
    }
}
