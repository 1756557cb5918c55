package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.generation;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.AddOns;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Control;
import dev.weir.proto.v1.ControlNet;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.Cards;
import dev.weir.serving.SteppingStage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Samples that ControlNets and T2I-Adapters steer at the denoiser. */
final class ControlStagesTest {

    private static final Path FIXTURES = Path.of("../engine/src/test/resources/reference");
    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);
    private static final ComputeTarget ONNX =
            new ComputeTarget("cpu", ComputeTarget.Precision.FP32, ComputeTarget.Engine.ONNX);

    @TempDir
    Path folder;

    private final RecordingOutbox outbox = new RecordingOutbox();
    private final List<Stage> stages = new ArrayList<>();
    private ModelFolder model;

    @BeforeEach
    void open() throws IOException {
        copy("controlnets/sd1/edges");
        copy("controlnets/sd1/shapes");
        copy("controlnets/sdxl/xl-edges");
        copy("t2i_adapters/sd1/full");
        model = ModelFolder.open(
                FIXTURES.resolve("checkpoints/sd1"),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                AddOns.of(ControlNetFolders.open(List.of(folder))));
    }

    private void copy(String net) throws IOException {
        Path from = FIXTURES.resolve(net);
        Path to = Files.createDirectories(folder.resolve(from.getFileName()));
        for (String file : List.of("config.json", "diffusion_pytorch_model.safetensors")) {
            Files.copy(from.resolve(file), to.resolve(file));
        }
    }

    @AfterEach
    void close() {
        stages.forEach(Stage::close);
    }

    private Stage opened(ComputeTarget target) {
        Stage stage = DenoiserStage.create(List.of(model), target, LIMITS, new RoomyPlanner(16));
        stage.open();
        stages.add(stage);
        return stage;
    }

    private Control control(String name) {
        ControlNet net = Cards.toProto(model).getControlnetsList().stream()
                .filter(known -> known.getName().equals(name))
                .findFirst()
                .orElseThrow();
        return Control.newBuilder()
                .setNet(net)
                .setImage("controlnets[0].image")
                .setPreprocess("none")
                .setScale(0.8f)
                .setEnd(1)
                .build();
    }

    private static Task.Builder task(String job, Control... controls) {
        return Tasks.task(job, generation("a red apple").addAllControls(List.of(controls)))
                .setModel("sd1")
                .setPosition(1);
    }

    private static Tensor[] given(Tensor... more) throws IOException {
        float[] states = new float[77 * 32];
        for (int i = 0; i < states.length; i++) {
            states[i] = (float) Math.sin(i);
        }
        List<Tensor> given = new ArrayList<>(List.of(
                Tensor.ofFloats("cond/encoder_hidden_states", states, 77, 32),
                Tensor.ofFloats("uncond/encoder_hidden_states", new float[77 * 32], 77, 32),
                Tensor.ofBytes(
                        "input/controlnets[0].image", Files.readAllBytes(FIXTURES.resolve("images/photo.png")))));
        given.addAll(List.of(more));
        return given.toArray(Tensor[]::new);
    }

    private float[] latent(String job) {
        return outbox.handedOn.get(job + "/0").get("latent").toFloats();
    }

    @Test
    void theCardTellsTheNetsThatFitAndTheStageThatTheySteer() {
        assertThat(Cards.toProto(model).getControlnetsList())
                .extracting(ControlNet::getName)
                .containsExactly("edges", "full", "shapes");
        assertThat(control("edges").getNet().getStage()).isEqualTo("denoiser");
        assertThat(control("edges").getNet().getT2IAdapter()).isFalse();
        assertThat(control("full").getNet().getT2IAdapter()).isTrue();
    }

    @Test
    void steeredAndOtherSamplesShareForwardsAndGiveWhatEachGivesAlone() throws IOException {
        Stage denoiser = opened(ONNX);
        List<float[]> alone = new ArrayList<>();
        List<Task.Builder> tasks = List.of(
                task("edges", control("edges")),
                task("plain"),
                task("half", control("shapes").toBuilder().setEnd(0.5).build()),
                task("adapter", control("full")),
                task("both", control("full"), control("edges")));
        List<List<Integer>> costs = new ArrayList<>();
        for (Task.Builder task : tasks) {
            denoiser.admit(work(task, given()), outbox);
            costs.add(turnAll(denoiser, outbox));
            alone.add(latent(task.getRef().getJobId()));
        }
        assertThat(costs)
                .as("two rows of a net count as a network row, and an adapter has no rows")
                .containsExactly(
                        List.of(3, 3, 3, 3),
                        List.of(2, 2, 2, 2),
                        List.of(3, 3, 2, 2),
                        List.of(2, 2, 2, 2),
                        List.of(3, 3, 3, 3));
        outbox.handedOn.clear();
        for (Task.Builder task : tasks) {
            denoiser.admit(work(task, given()), outbox);
        }
        turnAll(denoiser, outbox);

        assertThat(outbox.failures).isEmpty();
        for (int i = 0; i < tasks.size(); i++) {
            String job = tasks.get(i).getRef().getJobId();
            assertThat(latent(job)).as(job).isEqualTo(alone.get(i));
        }
        assertThat(alone.get(0)).isNotEqualTo(alone.get(1));
        assertThat(alone.get(2)).isNotEqualTo(alone.get(1));
        assertThat(alone.get(3)).isNotEqualTo(alone.get(1));
        assertThat(alone.get(4)).isNotEqualTo(alone.get(0)).isNotEqualTo(alone.get(3));
    }

    @ParameterizedTest
    @ValueSource(strings = {"edges", "full"})
    void aSampleContinuesElsewhereWithItsNet(String net) throws IOException {
        Stage first = opened(EXACT);
        first.admit(work(task(net, control(net)), given()), outbox);
        turnAll(first, outbox);
        float[] whole = latent(net);
        Snapshot from = outbox.checkpoints.get(net + "/0").get(1);
        outbox.handedOn.clear();

        Stage second = opened(EXACT);
        second.admit(
                work(
                        task(net, control(net)).setResume(from.checkpoint()),
                        given(from.tensors().toArray(Tensor[]::new))),
                outbox);
        turnAll(second, outbox);

        assertThat(latent(net)).isEqualTo(whole);
    }

    @Test
    void whatIsMissingFailsItsOwnSampleAlone() throws IOException {
        Stage denoiser = opened(EXACT);
        Control other = control("edges").toBuilder()
                .setNet(control("edges").getNet().toBuilder().setFingerprint("0123"))
                .build();
        denoiser.admit(work(task("other", other), given()), outbox);
        Tensor[] broken = given();
        broken[2] = Tensor.ofBytes("input/controlnets[0].image", new byte[100]);
        denoiser.admit(work(task("broken", control("edges")), broken), outbox);
        denoiser.admit(work(task("gone", control("edges")), given()), outbox);
        denoiser.admit(work(task("adapter", control("full")), given()), outbox);
        denoiser.admit(work(task("shapes", control("shapes")), given()), outbox);
        denoiser.admit(work(task("plain"), given()), outbox);
        Files.delete(folder.resolve("edges/diffusion_pytorch_model.safetensors"));
        Files.delete(folder.resolve("full/diffusion_pytorch_model.safetensors"));
        turnAll(denoiser, outbox);

        assertThat(outbox.failures).containsOnlyKeys("other/0", "broken/0", "gone/0", "adapter/0");
        assertThat(outbox.failures.get("adapter/0").message())
                .contains(folder.resolve("full/diffusion_pytorch_model.safetensors")
                        .toString());
        assertThat(outbox.failures.get("other/0").message()).contains("the ControlNet \"edges\" is another file here");
        assertThat(outbox.failures.get("broken/0").code()).isEqualTo("invalid_image");
        assertThat(outbox.failures.get("broken/0").message()).startsWith("controlnets[0].image: ");
        assertThat(outbox.failures.get("gone/0").message()).contains("diffusion_pytorch_model.safetensors");
        assertThat(outbox.handedOn).containsOnlyKeys("shapes/0", "plain/0");
    }
}
