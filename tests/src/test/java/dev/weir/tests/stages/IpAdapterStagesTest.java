package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.generation;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.AddOns;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.adapter.IpAdapterFolders;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.IpAdapter;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.Cards;
import dev.weir.serving.SteppingStage;
import dev.weir.textencoder.TextEncoderStage;
import java.io.IOException;
import java.io.UncheckedIOException;
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

/** Samples with the images of IP-Adapters at the stages that take part. */
final class IpAdapterStagesTest {

    private static final Path FIXTURES = Path.of("../engine/src/test/resources/reference");
    private static final Path ENCODER = FIXTURES.resolve("ip_adapter/models/image_encoder");
    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);
    private static final String PLAIN = "ip-adapter_sd15";
    private static final String PLUS = "ip-adapter-plus_sd15";

    @TempDir
    Path folder;

    private final RecordingOutbox outbox = new RecordingOutbox();
    private final List<Stage> stages = new ArrayList<>();
    private ModelFolder model;

    @BeforeEach
    void open() throws IOException {
        for (String name : List.of(PLAIN, PLUS)) {
            String file = name + ".safetensors";
            Files.copy(FIXTURES.resolve("ip_adapter/models").resolve(file), folder.resolve(file));
        }
        Files.createDirectories(folder.resolve("image_encoder"));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(ENCODER.resolve(file), folder.resolve("image_encoder").resolve(file));
        }
        model = ModelFolder.open(
                FIXTURES.resolve("checkpoints/sd1"),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                AddOns.of(IpAdapterFolders.open(List.of(folder))));
    }

    @AfterEach
    void close() {
        stages.forEach(Stage::close);
    }

    private IpAdapter adapter(String name, float scale, int images) {
        return Cards.toProto(model).getIpAdaptersList().stream()
                .filter(adapter -> adapter.getName().equals(name))
                .findFirst()
                .orElseThrow()
                .toBuilder()
                .setScale(scale)
                .setImages(images)
                .build();
    }

    private Stage opened(Stage stage) {
        stage.open();
        stages.add(stage);
        return stage;
    }

    private static Task.Builder task(String job, IpAdapter... adapters) {
        return Tasks.task(job, generation("a red apple").addAllIpAdapters(List.of(adapters)))
                .setModel("sd1");
    }

    private static Tensor image(int adapter, int image, String file) {
        try {
            return Tensor.ofBytes(
                    "input/ip_adapters/%d/%d".formatted(adapter, image),
                    Files.readAllBytes(FIXTURES.resolve("images").resolve(file)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Tensor given(String job, String name) {
        return outbox.handedOn.get(job + "/0").get(name);
    }

    @Test
    void theCardTellsTheFilesThatFitAndTheStagesThatTakePart() {
        assertThat(Cards.toProto(model).getIpAdaptersList())
                .extracting(IpAdapter::getName)
                .containsExactly(PLUS, PLAIN);
        assertThat(adapter(PLUS, 1, 1).getStagesList()).containsExactly("text-encoder", "denoiser");
    }

    @Test
    void theTokensOfPicturesTravelWithTheStatesOfPrompts() {
        Stage encoder = opened(new TextEncoderStage(List.of(model), EXACT, 8));
        encoder.admit(
                work(
                        task("both", adapter(PLAIN, 0.5f, 2), adapter(PLUS, 0.8f, 1)),
                        image(0, 0, "photo.png"),
                        image(0, 1, "bordered.png"),
                        image(1, 0, "photo.png")),
                outbox);
        encoder.admit(work(task("none")), outbox);
        encoder.admit(
                work(task("broken", adapter(PLAIN, 1, 1)), Tensor.ofBytes("input/ip_adapters/0/0", new byte[9])),
                outbox);
        turnAll(encoder, outbox);

        assertThat(given("both", "cond/ip_adapter_0").shape()).containsExactly(8, 32);
        assertThat(given("both", "uncond/ip_adapter_0").shape()).containsExactly(4, 32);
        assertThat(given("both", "cond/ip_adapter_1").shape()).containsExactly(5, 32);
        assertThat(given("both", "cond/encoder_hidden_states").toFloats())
                .isEqualTo(given("none", "cond/encoder_hidden_states").toFloats());
        assertThat(outbox.handedOn.get("none/0")).doesNotContainKey("cond/ip_adapter_0");
        assertThat(outbox.failures).containsOnlyKeys("broken/0");
        assertThat(outbox.failures.get("broken/0").message()).startsWith("ip_adapters[0].images[0]: ");
    }

    @Test
    void differentAdaptersShareAForwardAndASampleContinuesWithItsOwn() {
        Stage denoiser = opened(DenoiserStage.create(List.of(model), EXACT, LIMITS, new RoomyPlanner(16)));
        denoiser.admit(work(task("plain", adapter(PLAIN, 0.5f, 1)).setPosition(1), prompts(4)), outbox);
        denoiser.admit(work(task("plus", adapter(PLUS, 0.8f, 1)).setPosition(1), prompts(5)), outbox);
        denoiser.admit(work(task("none").setPosition(1), prompts(0)), outbox);
        assertThat(turnAll(denoiser, outbox)).as("guided samples have two rows").containsExactly(6, 6, 6, 6);
        float[] together = latent("plus");
        assertThat(together).isNotEqualTo(latent("none")).isNotEqualTo(latent("plain"));

        Snapshot from = outbox.checkpoints.get("plus/0").get(1);
        List<Tensor> given = new ArrayList<>(List.of(prompts(5)));
        given.addAll(from.tensors());
        denoiser.admit(
                work(
                        task("plus", adapter(PLUS, 0.8f, 1)).setPosition(1).setResume(from.checkpoint()),
                        given.toArray(Tensor[]::new)),
                outbox);
        turnAll(denoiser, outbox);
        float[] continued = latent("plus");
        for (int i = 0; i < together.length; i++) {
            assertThat(continued[i]).isCloseTo(together[i], within(1e-4f));
        }
    }

    private float[] latent(String job) {
        return given(job, "latent").toFloats();
    }

    /** What a text encoder gives, with so many tokens of pictures. */
    private static Tensor[] prompts(int tokens) {
        List<Tensor> given = new ArrayList<>();
        for (String branch : List.of("cond/", "uncond/")) {
            given.add(Tensor.ofFloats(branch + "encoder_hidden_states", waves(77 * 32, branch.length()), 77, 32));
            if (tokens > 0) {
                given.add(Tensor.ofFloats(branch + "ip_adapter_0", waves(tokens * 32, tokens), tokens, 32));
            }
        }
        return given.toArray(Tensor[]::new);
    }

    private static float[] waves(int size, int shift) {
        float[] states = new float[size];
        for (int i = 0; i < size; i++) {
            states[i] = (float) Math.sin(i + shift);
        }
        return states;
    }

    @Test
    void anotherFileOfTheNameIsNotTaken() {
        IpAdapter other =
                adapter(PLAIN, 1, 1).toBuilder().setFingerprint("0123").build();
        Stage denoiser = opened(DenoiserStage.create(List.of(model), EXACT, LIMITS));
        denoiser.admit(work(task("other", other).setPosition(1), prompts(4)), outbox);
        assertThat(outbox.failures.get("other/0").message())
                .contains("the IP-Adapter \"ip-adapter_sd15\" is another file here");
    }

    @Test
    void aFileThatIsGoneFailsItsOwnSampleAlone() throws IOException {
        Stage denoiser = opened(DenoiserStage.create(List.of(model), EXACT, LIMITS));
        Files.delete(folder.resolve(PLAIN + ".safetensors"));
        denoiser.admit(work(task("gone", adapter(PLAIN, 1, 1)).setPosition(1), prompts(4)), outbox);
        denoiser.admit(work(task("plus", adapter(PLUS, 1, 1)).setPosition(1), prompts(5)), outbox);
        turnAll(denoiser, outbox);

        assertThat(outbox.failures).containsOnlyKeys("gone/0");
        assertThat(outbox.failures.get("gone/0").message()).contains(PLAIN + ".safetensors");
        assertThat(outbox.failures.get("gone/0").retryable()).isTrue();
        assertThat(outbox.handedOn).containsOnlyKeys("plus/0");
    }
}
