package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.decoder.DecoderStage;
import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.ModelFolder;
import dev.weir.gateway.job.Route;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.Task;
import dev.weir.proto.v1.Workflow;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.serving.Cards;
import dev.weir.serving.SteppingStage;
import dev.weir.textencoder.TextEncoderStage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A latent consistency model at its stages: one network row a step, all steps whatever the strength, and runs that continue. */
final class FewStepStagesTest {

    private static final Path REFERENCE = Path.of("../engine/src/test/resources/reference");
    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);
    private static final int DENOISER = 2;

    @TempDir
    Path folder;

    private final RecordingOutbox outbox = new RecordingOutbox();
    private ModelFolder model;
    private ModelCard card;

    @BeforeEach
    void open() throws IOException {
        Path home = folder.resolve("lcm");
        copy(REFERENCE.resolve("checkpoints/sd1"), home);
        copy(REFERENCE.resolve("few_step/sd-lcm"), home.resolve("unet"));
        Path index = home.resolve("model_index.json");
        Files.writeString(
                index,
                Files.readString(index)
                        .replace("StableDiffusionPipeline", "LatentConsistencyModelPipeline")
                        .replace("DDIMScheduler", "LCMScheduler"));
        Files.writeString(
                home.resolve("scheduler/scheduler_config.json"),
                "{\"_class_name\": \"LCMScheduler\", \"original_inference_steps\": 50}");
        model = ModelFolder.open(home);
        card = Cards.toProto(model);
    }

    @Test
    void allStepsOfAnImagesRunAreDoneAndEachIsOneRow() {
        Stage stage = task("image_to_image", "a").getRoute(DENOISER);

        assertThat(stage.getForwards()).isEqualTo(4);
        assertThat(stage.getRows()).isEqualTo(1);
        assertThat(task("inpainting", "a").getRoute(DENOISER).getForwards())
                .as("diffusers has no pipeline of these models for it")
                .isEqualTo(2);
    }

    @Test
    void aRunContinuesFromAnyStep() throws IOException {
        List<Tensor> given = new ArrayList<>(encoded());
        var denoiser = DenoiserStage.create(List.of(model), EXACT, LIMITS);
        denoiser.open();
        denoiser.admit(work(task("image_to_image", "a").setPosition(DENOISER), array(given)), outbox);
        assertThat(turnAll(denoiser, outbox)).containsExactly(1, 1, 1, 1);
        float[] undisturbed = outbox.handedOn.remove("a/0").get("latent").toFloats();
        List<Snapshot> inMidRun = List.copyOf(outbox.checkpoints.get("a/0")).subList(0, 3);
        for (Snapshot from : inMidRun) {
            Task.Builder resumed =
                    task("image_to_image", "a").setPosition(DENOISER).setResume(from.checkpoint());
            denoiser.admit(
                    work(
                            resumed,
                            Stream.concat(given.stream(), from.tensors().stream())
                                    .toArray(Tensor[]::new)),
                    outbox);
            assertThat(turnAll(denoiser, outbox)).hasSize(4 - from.checkpoint().getStep());
            assertThat(outbox.handedOn.remove("a/0").get("latent").toFloats()).containsExactly(undisturbed);
        }
        denoiser.close();
    }

    /** What the encoders give for the prompt and the picture. */
    private List<Tensor> encoded() throws IOException {
        List<Tensor> given = new ArrayList<>();
        var text = new TextEncoderStage(List.of(model), EXACT, 8);
        text.open();
        text.admit(work(task("inpainting", "a")), outbox);
        turnAll(text, outbox);
        text.close();
        given.addAll(outbox.handedOn.remove("a/0").values());
        var sight = new DecoderStage(List.of(model), EXACT, 8);
        sight.open();
        sight.admit(
                work(task("inpainting", "a").setPosition(1), file("init_image", "photo.png"), file("mask", "mask.png")),
                outbox);
        turnAll(sight, outbox);
        sight.close();
        given.addAll(outbox.handedOn.remove("a/0").values());
        return given;
    }

    private static Tensor file(String field, String name) throws IOException {
        return Tensor.ofBytes(
                "input/" + field, Files.readAllBytes(REFERENCE.resolve("images").resolve(name)));
    }

    private Task.Builder task(String name, String job) {
        Workflow workflow = card.getWorkflowsList().stream()
                .filter(known -> known.getName().equals(name))
                .findFirst()
                .orElseThrow();
        Generation generation = Generation.newBuilder()
                .setPrompt("a red apple")
                .setSeed(7)
                .setSteps(4)
                .setStrength(0.5)
                .setGuidanceScale(8.5f)
                .setSampler("lcm")
                .setWidth(64)
                .setHeight(48)
                .setOutputFormat("png")
                .build();
        return Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId(job).setAttempt(1))
                .setModel(card.getId())
                .setGeneration(generation)
                .addAllRoute(Route.stages(card, workflow, generation));
    }

    private static Tensor[] array(List<Tensor> tensors) {
        return tensors.toArray(Tensor[]::new);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }
}
