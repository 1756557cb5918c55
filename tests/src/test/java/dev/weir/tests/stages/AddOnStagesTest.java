package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.generation;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.AddOns;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.adapter.IpAdapterFolders;
import dev.weir.engine.adapter.LoraFolders;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.engine.inversion.EmbeddingFolders;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Control;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.NodeModels;
import dev.weir.serving.SteppingStage;
import dev.weir.textencoder.TextEncoderStage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files beside a model that come, change and go while its stages run. The folders are empty at start. */
final class AddOnStagesTest {

    private static final Path FIXTURES = Path.of("../engine/src/test/resources/reference");
    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);

    @TempDir
    Path folder;

    private final RecordingOutbox outbox = new RecordingOutbox();
    private final List<Stage> stages = new ArrayList<>();
    private AddOns files;
    private NodeModels models;
    private Stage encoder;
    private Stage denoiser;

    @BeforeEach
    void open() throws IOException {
        for (String kind : List.of("loras", "nets", "words", "eyes")) {
            Files.createDirectory(folder.resolve(kind));
        }
        files = new AddOns(
                LoraFolders.open(List.of(folder.resolve("loras"))),
                ControlNetFolders.open(List.of(folder.resolve("nets"))),
                EmbeddingFolders.open(List.of(folder.resolve("words"))),
                IpAdapterFolders.open(List.of(folder.resolve("eyes"))));
        ModelFolder model = ModelFolder.open(
                FIXTURES.resolve("checkpoints/sd1"), Optional.empty(), List.of(), Optional.empty(), files);
        models = NodeModels.of(List.of(model));
        encoder = opened(new TextEncoderStage(models, EXACT, 8, Optional.empty()));
        denoiser = opened(DenoiserStage.create(models, EXACT, LIMITS));
    }

    private Stage opened(Stage stage) {
        stage.open();
        stages.add(stage);
        return stage;
    }

    @AfterEach
    void close() {
        stages.forEach(Stage::close);
    }

    private void copy(String fixture, String place) throws IOException {
        Path from = FIXTURES.resolve(fixture);
        try (Stream<Path> all = Files.walk(from)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                Path to = folder.resolve(place)
                        .resolve(from.relativize(file).toString())
                        .normalize();
                Files.createDirectories(to.getParent());
                Files.write(to, Files.readAllBytes(file));
            }
        }
    }

    /** What a node does every two seconds. */
    private ModelCard poll() {
        files.poll();
        files.poll();
        models.tellCards();
        return denoiser.models().get(0).getCard();
    }

    private static Task.Builder task(String job, Generation.Builder generation) {
        return Tasks.task(job, generation).setModel("sd1");
    }

    private static Generation.Builder named(ModelCard card) {
        return generation("a photo of <Cat-toy>").addAllEmbeddings(card.getEmbeddingsList());
    }

    private float[] states(String job) {
        return outbox.handedOn.get(job + "/0").get("cond/encoder_hidden_states").toFloats();
    }

    private float[] latent(String job) {
        return outbox.handedOn.get(job + "/0").get("latent").toFloats();
    }

    @Test
    void aPromptNamesAnEmbeddingThatHasComeAndReadsAnotherFileOfTheName() throws IOException {
        encoder.admit(work(task("before", named(poll()))), outbox);
        turnAll(encoder, outbox);
        copy("words/embeddings/sd1-toy.safetensors", "words/sd1-toy.safetensors");
        ModelCard card = poll();
        assertThat(card.getEmbeddingsList()).singleElement().satisfies(embedding -> assertThat(embedding.getToken())
                .isEqualTo("<Cat-toy>"));
        encoder.admit(work(task("toy", named(card))), outbox);
        encoder.admit(work(task("plain", generation("a red apple"))), outbox);
        turnAll(encoder, outbox);
        assertThat(states("toy")).isNotEqualTo(states("before"));

        encoder.admit(work(task("waits", named(card))), outbox);
        encoder.admit(work(task("other", generation("a blue house"))), outbox);
        Files.delete(folder.resolve("words/sd1-toy.safetensors"));
        ModelCard after = poll();
        assertThat(after.getEmbeddingsList()).isEmpty();
        encoder.admit(work(task("late", named(card))), outbox);
        turnAll(encoder, outbox);

        assertThat(outbox.failures).containsOnlyKeys("waits/0", "late/0");
        assertThat(outbox.failures.values()).allSatisfy(failure -> {
            assertThat(failure.message()).isEqualTo("the embedding \"sd1-toy\" is not here");
            assertThat(failure.retryable()).isTrue();
        });
        assertThat(outbox.handedOn).containsKey("other/0");
    }

    @Test
    void aPromptThatWaitsForALoraThatWasReplacedFailsAlone() throws IOException {
        copy("lora/peft.safetensors", "loras/style.safetensors");
        Generation.Builder styled = generation("a red apple")
                .addLoras(poll().getLoras(0).toBuilder().setWeight(1));
        encoder.admit(work(task("waits", styled)), outbox);
        encoder.admit(work(task("other", generation("a blue house"))), outbox);
        copy("lora/kohya.safetensors", "loras/style.safetensors");
        poll();
        turnAll(encoder, outbox);

        assertThat(outbox.failures).containsOnlyKeys("waits/0");
        assertThat(outbox.failures.get("waits/0").message()).isEqualTo("the LoRA \"style\" is another file here");
        assertThat(outbox.handedOn).containsOnlyKeys("other/0");
    }

    @Test
    void aNetThatHasComeSteersAndARunningSampleKeepsOneThatGoes() throws IOException {
        copy("controlnets/sd1/edges", "nets/edges");
        Control control = Control.newBuilder()
                .setNet(poll().getControlnets(0))
                .setImage("controlnets[0].image")
                .setPreprocess("none")
                .setScale(0.8f)
                .setEnd(1)
                .build();
        Task.Builder steered =
                task("steered", generation("a red apple").addControls(control)).setPosition(1);
        denoiser.admit(work(steered, given(0, "controlnets[0].image")), outbox);
        denoiser.admit(work(task("plain", generation("a red apple")).setPosition(1), given(0)), outbox);
        assertThat(denoiser.turn(outbox)).isPositive();
        Files.delete(folder.resolve("nets/edges/config.json"));
        assertThat(poll().getControlnetsList()).isEmpty();
        turnAll(denoiser, outbox);

        assertThat(outbox.failures).isEmpty();
        assertThat(latent("steered")).isNotEqualTo(latent("plain"));
    }

    /** As measured: a row of an adapter takes as long as another one, and two rows of a ControlNet as long as one of the network. */
    @Test
    void thePlannerCountsWhatRowsCost() throws IOException {
        copy("controlnets/sd1/edges", "nets/edges");
        copy("t2i_adapters/sd1/full", "nets/full");
        copy("ip_adapter/models/image_encoder", "eyes/models/image_encoder");
        copy("ip_adapter/models/ip-adapter_sd15.safetensors", "eyes/models/style.safetensors");
        ModelCard card = poll();
        Generation.Builder seen = generation("a")
                .addIpAdapters(card.getIpAdapters(0).toBuilder().setScale(1).setImages(1));

        assertThat(costOfAStep(task("plain", generation("a")), given(0))).isEqualTo(2);
        assertThat(costOfAStep(task("net", controlled(card, "edges")), given(0, "controlnets[0].image")))
                .isEqualTo(3);
        assertThat(costOfAStep(task("adapter", controlled(card, "full")), given(0, "controlnets[0].image")))
                .isEqualTo(2);
        assertThat(costOfAStep(task("seen", seen), given(4))).isEqualTo(2);
        assertThat(outbox.failures).isEmpty();
    }

    private static Generation.Builder controlled(ModelCard card, String name) {
        var net = card.getControlnetsList().stream()
                .filter(one -> one.getName().equals(name))
                .findFirst();
        return generation("a")
                .addControls(Control.newBuilder()
                        .setNet(net.orElseThrow())
                        .setImage("controlnets[0].image")
                        .setPreprocess("none")
                        .setScale(1)
                        .setEnd(1));
    }

    /** Alone, because the batch limit is measured. */
    private int costOfAStep(Task.Builder task, Tensor[] given) {
        denoiser.admit(work(task.setPosition(1), given), outbox);
        int cost = denoiser.turn(outbox);
        turnAll(denoiser, outbox);
        return cost;
    }

    @Test
    void anIpAdapterThatHasComeIsSeenByBothStages() throws IOException {
        copy("ip_adapter/models/image_encoder", "eyes/models/image_encoder");
        copy("ip_adapter/models/ip-adapter_sd15.safetensors", "eyes/models/style.safetensors");
        Generation.Builder shown = generation("a red apple")
                .addIpAdapters(poll().getIpAdapters(0).toBuilder().setScale(1).setImages(1));
        encoder.admit(work(task("shown", shown), given(0, "ip_adapters/0/0")), outbox);
        turnAll(encoder, outbox);
        assertThat(outbox.handedOn.get("shown/0").get("cond/ip_adapter_0").shape())
                .containsExactly(4, 32);
        denoiser.admit(work(task("shown", shown).setPosition(1), given(4)), outbox);
        denoiser.admit(work(task("plain", generation("a red apple")).setPosition(1), given(0)), outbox);
        turnAll(denoiser, outbox);

        assertThat(outbox.failures).isEmpty();
        assertThat(latent("shown")).isNotEqualTo(latent("plain"));
    }

    @Test
    void aFileThatIsNotAsTheTaskNamesItFailsItsSampleWithOneCodeAndHasTheFoldersLookedAt() throws IOException {
        AtomicInteger looks = new AtomicInteger();
        models.onFileUnavailable(looks::incrementAndGet);
        copy("lora/peft.safetensors", "loras/style.safetensors");
        copy("controlnets/sd1/edges", "nets/style");
        copy("words/embeddings/sd1-toy.safetensors", "words/style.safetensors");
        copy("ip_adapter/models/image_encoder", "eyes/models/image_encoder");
        copy("ip_adapter/models/ip-adapter_sd15.safetensors", "eyes/models/style.safetensors");
        ModelCard card = poll();
        Generation.Builder lora = generation("a")
                .addLoras(card.getLoras(0).toBuilder().setWeight(1).setFingerprint("other"));
        Generation.Builder net = generation("a")
                .addControls(Control.newBuilder()
                        .setNet(card.getControlnets(0).toBuilder().setFingerprint("other"))
                        .setImage("controlnets[0].image"));
        Generation.Builder word =
                generation("a").addEmbeddings(card.getEmbeddings(0).toBuilder().setFingerprint("other"));
        Generation.Builder eye = generation("a")
                .addIpAdapters(card.getIpAdapters(0).toBuilder()
                        .setScale(1)
                        .setImages(1)
                        .setFingerprint("other"));
        encoder.admit(work(task("lora", lora)), outbox);
        encoder.admit(work(task("word", word)), outbox);
        encoder.admit(work(task("eye", eye), given(0, "ip_adapters/0/0")), outbox);
        denoiser.admit(work(task("lora2", lora).setPosition(1), given(0)), outbox);
        denoiser.admit(work(task("net2", net).setPosition(1), given(0, "controlnets[0].image")), outbox);
        denoiser.admit(work(task("eye2", eye).setPosition(1), given(4)), outbox);
        turnAll(encoder, outbox);
        turnAll(denoiser, outbox);

        assertThat(outbox.failures).containsOnlyKeys("lora/0", "word/0", "eye/0", "lora2/0", "net2/0", "eye2/0");
        assertThat(outbox.failures.values()).allSatisfy(failure -> {
            assertThat(failure.code()).isEqualTo("file_unavailable");
            assertThat(failure.message()).contains("\"style\" is another file here");
            assertThat(failure.retryable()).isTrue();
        });
        assertThat(looks).hasValue(6);
    }

    @Test
    void aFileThatChangesBeforeThePollFailsItsSamplesAloneAtBothStages() throws IOException {
        AtomicInteger looks = new AtomicInteger();
        models.onFileUnavailable(looks::incrementAndGet);
        copy("lora/peft.safetensors", "loras/style.safetensors");
        Generation.Builder styled =
                generation("a").addLoras(poll().getLoras(0).toBuilder().setWeight(1));
        copy("lora/kohya.safetensors", "loras/style.safetensors");
        encoder.admit(work(task("first", styled)), outbox);
        encoder.admit(work(task("other", generation("a"))), outbox);
        denoiser.admit(work(task("second", styled).setPosition(1), given(0)), outbox);
        denoiser.admit(work(task("plain", generation("a")).setPosition(1), given(0)), outbox);
        turnAll(encoder, outbox);
        turnAll(denoiser, outbox);

        assertThat(outbox.failures).containsOnlyKeys("first/0", "second/0");
        assertThat(outbox.failures.values()).allSatisfy(failure -> {
            assertThat(failure.code()).isEqualTo("file_unavailable");
            assertThat(failure.message()).contains("style.safetensors: the file changed");
        });
        assertThat(outbox.handedOn).containsOnlyKeys("other/0", "plain/0");
        assertThat(looks).hasValue(2);
    }

    @Test
    void theCardSaysWhyFilesDoNotFitAndWhichAreBeingWritten() throws IOException {
        for (String kind : List.of("loras", "nets", "words")) {
            copy("lora/rslora-changes.safetensors", kind + "/odd.safetensors");
        }
        copy("ip_adapter/sdxl_models/ip-adapter_sdxl.safetensors", "eyes/odd.safetensors");
        ModelCard card = poll();
        assertThat(card.getRefusedLorasList()).singleElement().satisfies(file -> assertThat(file.getProblem())
                .startsWith("no LoRA"));
        assertThat(card.getRefusedControlnetsList()).singleElement().satisfies(file -> assertThat(file.getProblem())
                .startsWith("it is no ControlNet and no T2I-Adapter"));
        assertThat(card.getRefusedEmbeddingsList()).singleElement().satisfies(file -> assertThat(file.getProblem())
                .startsWith("no textual inversion"));
        assertThat(card.getRefusedIpAdaptersList()).singleElement().satisfies(file -> assertThat(file.getProblem())
                .startsWith("made for another kind of model"));

        copy("lora/peft.safetensors", "loras/odd.safetensors");
        assertThat(files.poll()).isTrue();
        models.tellCards();
        assertThat(denoiser.models().get(0).getCard().getRefusedLorasList())
                .singleElement()
                .satisfies(file -> assertThat(file.getChanging()).isTrue());
        assertThat(files.poll()).isTrue();
        models.tellCards();
        card = denoiser.models().get(0).getCard();
        assertThat(card.getRefusedLorasList()).isEmpty();
        assertThat(card.getLorasList()).hasSize(1);
    }

    @Test
    void aPromptWithTheNameOfAnEmbeddingThatDoesNotFitHasAWarning() throws IOException {
        copy("words/embeddings/xl.safetensors", "words/easy.safetensors");
        poll();
        encoder.admit(work(task("named", generation("a cat, Easy").setNegativePrompt("uneasy"))), outbox);
        encoder.admit(work(task("other", generation("a cat"))), outbox);
        turnAll(encoder, outbox);

        assertThat(outbox.warnings.get("named/0")).singleElement().satisfies(warning -> {
            assertThat(warning.getCode()).isEqualTo("embedding_unused");
            assertThat(warning.getParam()).isEqualTo("prompt");
            assertThat(warning.getMessage()).contains("\"easy\"", "it is for text encoders of the widths");
        });
        assertThat(outbox.warnings).doesNotContainKey("other/0");
    }

    /**
     * @param tokens of pictures, as a text encoder gives them
     * @param pictures names of a request's
     */
    private static Tensor[] given(int tokens, String... pictures) throws IOException {
        List<Tensor> given = new ArrayList<>();
        for (String branch : List.of("cond/", "uncond/")) {
            given.add(Tensor.ofFloats(branch + "encoder_hidden_states", waves(77 * 32, branch.length()), 77, 32));
            if (tokens > 0) {
                given.add(Tensor.ofFloats(branch + "ip_adapter_0", waves(tokens * 32, tokens), tokens, 32));
            }
        }
        for (String picture : pictures) {
            given.add(Tensor.ofBytes("input/" + picture, Files.readAllBytes(FIXTURES.resolve("images/photo.png"))));
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
}
