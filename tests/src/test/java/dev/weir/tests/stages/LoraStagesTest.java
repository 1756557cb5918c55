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
import dev.weir.engine.adapter.LoraFolders;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.Cards;
import dev.weir.serving.NodeModels;
import dev.weir.serving.SteppingStage;
import dev.weir.textencoder.TextEncoderStage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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

/** Samples with different LoRAs at the stages that they change. */
final class LoraStagesTest {

    private static final Path FIXTURES = Path.of("../engine/src/test/resources/reference");
    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);

    @TempDir
    Path folder;

    private final RecordingOutbox outbox = new RecordingOutbox();
    private final List<Stage> stages = new ArrayList<>();
    private LoraFolders files;
    private ModelFolder model;

    @BeforeEach
    void open() throws IOException {
        for (String name : List.of("peft", "kohya", "sgm")) {
            Files.copy(FIXTURES.resolve("lora/" + name + ".safetensors"), folder.resolve(name + ".safetensors"));
        }
        files = LoraFolders.open(List.of(folder));
        model = ModelFolder.open(
                FIXTURES.resolve("checkpoints/sd1"), Optional.empty(), List.of(), Optional.empty(), AddOns.of(files));
    }

    @AfterEach
    void close() {
        stages.forEach(Stage::close);
    }

    private Lora lora(String name) {
        return Cards.toProto(model).getLorasList().stream()
                .filter(lora -> lora.getName().equals(name))
                .findFirst()
                .orElseThrow()
                .toBuilder()
                .setWeight(0.8f)
                .build();
    }

    private Stage opened(Stage stage) {
        stage.open();
        stages.add(stage);
        return stage;
    }

    private static Task.Builder task(String job, Lora... loras) {
        return Tasks.task(job, generation("a red apple").addAllLoras(List.of(loras)))
                .setModel("sd1");
    }

    private float[] states(String job) {
        return outbox.handedOn.get(job + "/0").get("cond/encoder_hidden_states").toFloats();
    }

    @Test
    void theCardTellsTheFilesThatFitAndTheStagesThatTheyChange() {
        assertThat(Cards.toProto(model).getLorasList())
                .extracting(Lora::getName)
                .containsExactly("kohya", "peft");
        assertThat(lora("peft").getStagesList()).containsExactly("text-encoder", "denoiser");
    }

    /** Each stage that it changes says so, whichever of them has the file. */
    @Test
    void aFileThatFitsOnlyInPartIsUsedWithAWarning() throws IOException {
        String whole = Files.readString(folder.resolve("kohya.safetensors"), StandardCharsets.ISO_8859_1);
        Files.writeString(
                folder.resolve("partly.safetensors"),
                whole.replace("up_blocks_1_", "up_blocks_7_"),
                StandardCharsets.ISO_8859_1);
        files.poll();
        files.poll();
        Stage encoder = opened(new TextEncoderStage(List.of(model), EXACT, 8));
        Stage denoiser = opened(DenoiserStage.create(List.of(model), EXACT, LIMITS));
        for (String name : List.of("partly", "kohya")) {
            encoder.admit(work(task(name, lora(name))), outbox);
            denoiser.admit(work(task(name, lora(name)).setPosition(1), prompts()), outbox);
        }
        turnAll(encoder, outbox);

        assertThat(outbox.warnings).containsOnlyKeys("partly/0");
        assertThat(outbox.warnings.get("partly/0")).hasSize(2).allSatisfy(warning -> {
            assertThat(warning.getCode()).isEqualTo("lora_partly_used");
            assertThat(warning.getParam()).isEqualTo("loras.partly");
            assertThat(warning.getMessage())
                    .startsWith("Only a part of a LoRA is used: the LoRA partly has ")
                    .contains(" layers that the model does not have, such as lora_unet_up_blocks_7_");
        });
    }

    @Test
    void textStatesAreRememberedByWhatChangesThem() {
        Stage encoder = opened(new TextEncoderStage(List.of(model), EXACT, 8));
        encoder.admit(work(task("peft", lora("peft"))), outbox);
        encoder.admit(work(task("plain")), outbox);
        turnAll(encoder, outbox);
        encoder.admit(work(task("again")), outbox);
        encoder.admit(work(task("less", lora("peft").toBuilder().setWeight(0.1f).build())), outbox);
        encoder.admit(work(task("same", lora("peft"))), outbox);
        turnAll(encoder, outbox);

        assertThat(states("peft")).isNotEqualTo(states("plain")).isEqualTo(states("same"));
        assertThat(states("again")).isEqualTo(states("plain"));
        assertThat(states("less")).isNotEqualTo(states("plain")).isNotEqualTo(states("peft"));
        assertThat(outbox.calls)
                .as("the first empty prompt was the test at the start")
                .contains("1 remembered, 3 not", "4 remembered, 2 not");
    }

    @Test
    void differentLorasShareAForwardAndASampleContinuesWithItsOwn() {
        Stage denoiser = opened(DenoiserStage.create(List.of(model), EXACT, LIMITS, new RoomyPlanner(16)));
        for (String name : List.of("peft", "kohya")) {
            denoiser.admit(work(task(name, lora(name)).setPosition(1), prompts()), outbox);
        }
        denoiser.admit(work(task("plain").setPosition(1), prompts()), outbox);
        assertThat(turnAll(denoiser, outbox)).as("guided samples have two rows").containsExactly(6, 6, 6, 6);
        float[] together = latent("peft");
        assertThat(together).isNotEqualTo(latent("plain")).isNotEqualTo(latent("kohya"));

        Snapshot from = outbox.checkpoints.get("peft/0").get(1);
        List<Tensor> given = new ArrayList<>(List.of(prompts()));
        given.addAll(from.tensors());
        denoiser.admit(
                work(
                        task("peft", lora("peft")).setPosition(1).setResume(from.checkpoint()),
                        given.toArray(Tensor[]::new)),
                outbox);
        turnAll(denoiser, outbox);
        float[] continued = latent("peft");
        for (int i = 0; i < together.length; i++) {
            assertThat(continued[i]).isCloseTo(together[i], within(1e-4f));
        }
    }

    private float[] latent(String job) {
        return outbox.handedOn.get(job + "/0").get("latent").toFloats();
    }

    private static Tensor[] prompts() {
        float[] states = new float[77 * 32];
        for (int i = 0; i < states.length; i++) {
            states[i] = (float) Math.sin(i);
        }
        return new Tensor[] {
            Tensor.ofFloats("cond/encoder_hidden_states", states, 77, 32),
            Tensor.ofFloats("uncond/encoder_hidden_states", new float[77 * 32], 77, 32)
        };
    }

    @Test
    void anotherFileOfTheNameIsNotTaken() {
        Lora other = lora("peft").toBuilder().setFingerprint("0123").build();
        Stage denoiser = opened(DenoiserStage.create(List.of(model), EXACT, LIMITS));
        denoiser.admit(work(task("other", other).setPosition(1), prompts()), outbox);
        assertThat(outbox.failures.get("other/0").message()).contains("the LoRA \"peft\" is another file here");
    }

    /** Without a restart: the card names it, and a row of the forward that follows has it. */
    @Test
    void aFileThatComesOrGoesIsToldAndTaken() throws IOException {
        NodeModels models = NodeModels.of(List.of(model));
        Stage encoder = opened(new TextEncoderStage(models, EXACT, 8, Optional.empty()));
        Stage denoiser = opened(DenoiserStage.create(models, EXACT, LIMITS));
        for (String name : List.of("peft", "kohya")) {
            Files.delete(folder.resolve(name + ".safetensors"));
        }
        assertThat(files.poll()).isTrue();
        models.tellCards();
        assertThat(denoiser.models().get(0).getCard().getLorasList()).isEmpty();

        Files.copy(FIXTURES.resolve("lora/mid.safetensors"), folder.resolve("fresh.safetensors"));
        assertThat(files.poll()).isFalse();
        assertThat(files.poll()).isTrue();
        models.tellCards();
        assertThat(encoder.models().get(0).getCard().getLorasList())
                .extracting(Lora::getName)
                .containsExactly("fresh");
        assertThat(denoiser.models().get(0).getCard().getRefusedLorasList())
                .singleElement()
                .satisfies(refused -> assertThat(refused.getName() + ": " + refused.getProblem())
                        .startsWith("sgm: the layer lora_te1_"));
        encoder.admit(work(task("fresh", lora("fresh"))), outbox);
        encoder.admit(work(task("plain")), outbox);
        turnAll(encoder, outbox);
        assertThat(states("fresh")).isNotEqualTo(states("plain"));
        denoiser.admit(work(task("fresh", lora("fresh")).setPosition(1), prompts()), outbox);
        denoiser.admit(work(task("plain").setPosition(1), prompts()), outbox);
        turnAll(denoiser, outbox);
        assertThat(latent("fresh")).isNotEqualTo(latent("plain"));
    }

    @Test
    void aFileThatIsGoneFailsItsOwnSampleAlone() throws IOException {
        Stage denoiser = opened(DenoiserStage.create(List.of(model), EXACT, LIMITS));
        denoiser.admit(work(task("gone", lora("peft")).setPosition(1), prompts()), outbox);
        denoiser.admit(work(task("kohya", lora("kohya")).setPosition(1), prompts()), outbox);
        denoiser.admit(work(task("plain").setPosition(1), prompts()), outbox);
        Files.delete(folder.resolve("peft.safetensors"));
        turnAll(denoiser, outbox);

        assertThat(outbox.failures).containsOnlyKeys("gone/0");
        assertThat(outbox.failures.get("gone/0").message()).contains("peft.safetensors");
        assertThat(outbox.handedOn).containsOnlyKeys("kohya/0", "plain/0");
    }
}
