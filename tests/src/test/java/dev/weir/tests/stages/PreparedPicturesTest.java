package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.TINY;
import static dev.weir.tests.stages.Tasks.generation;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.decoder.DecoderStage;
import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.AddOns;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.adapter.IpAdapterFolders;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.gateway.job.Route;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Control;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Cards;
import dev.weir.serving.SteppingStage;
import dev.weir.tests.BesideModels;
import dev.weir.textencoder.TextEncoderStage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The pictures of requests are read and resized before the device thread has the work. Each test overwrites the files once the work is
 * prepared: whatever read them later would fail.
 */
final class PreparedPicturesTest {

    private static final Path FIXTURES = Path.of("../engine/src/test/resources/reference");
    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16);

    @TempDir
    Path folder;

    private final RecordingOutbox outbox = new RecordingOutbox();
    private final List<Stage> stages = new ArrayList<>();

    @AfterEach
    void close() {
        stages.forEach(Stage::close);
    }

    @Test
    void decoderNodesReadPicturesAndMasksBeforehand() throws IOException {
        Stage decoder = opened(new DecoderStage(List.of(TINY), EXACT, 8));
        Task.Builder task = Tasks.of(
                        "inpainting", "a", generation("a red apple").setStrength(0.75))
                .setPosition(1);
        requireReadBeforehand(decoder, task, Map.of("init_image", "photo.png", "mask", "mask.png"));
    }

    @Test
    void decoderNodesReadDepthMapsBeforehand() throws IOException {
        ModelFolder depth = ModelFolder.open(BesideModels.in(folder, "depth"));
        Stage decoder = opened(new DecoderStage(List.of(depth), EXACT, 8));
        requireReadBeforehand(
                decoder, task(Cards.toProto(depth), 1), Map.of("init_image", "photo.png", "depth_map", "photo.png"));
    }

    @Test
    void textEncoderNodesReadThePicturesThatClipSeesBeforehand() throws IOException {
        ModelFolder variations = ModelFolder.open(FIXTURES.resolve("variations/plain"));
        Stage encoder = opened(new TextEncoderStage(List.of(variations), EXACT, 8));
        requireReadBeforehand(encoder, task(Cards.toProto(variations), 0), Map.of("init_image", "photo.png"));
    }

    @Test
    void textEncoderNodesReadTheImagesOfIpAdaptersBeforehand() throws IOException {
        ModelFolder model = sd1(AddOns.of(IpAdapterFolders.open(List.of(FIXTURES.resolve("ip_adapter/models")))));
        ModelCard card = Cards.toProto(model);
        Stage encoder = opened(new TextEncoderStage(List.of(model), EXACT, 8));
        Task.Builder task = Tasks.task(
                        "a",
                        generation("a red apple")
                                .addIpAdapters(card.getIpAdapters(0).toBuilder()
                                        .setScale(1)
                                        .setImages(1)))
                .setModel("sd1");
        requireReadBeforehand(encoder, task, Map.of("ip_adapters/0/0", "photo.png"));
    }

    @Test
    void denoiserNodesReadThePicturesOfControlNetsBeforehand() throws IOException {
        ModelFolder model = sd1(AddOns.of(ControlNetFolders.open(List.of(FIXTURES.resolve("controlnets/sd1")))));
        Control control = Control.newBuilder()
                .setNet(Cards.toProto(model).getControlnets(0))
                .setImage("controlnets[0].image")
                .setPreprocess("none")
                .setScale(1)
                .setEnd(1)
                .build();
        Stage denoiser = opened(DenoiserStage.create(List.of(model), EXACT, LIMITS));
        Task.Builder task = Tasks.task("a", generation("a red apple").addControls(control))
                .setModel("sd1")
                .setPosition(1);
        requireReadBeforehand(
                denoiser,
                task,
                Map.of("controlnets[0].image", "photo.png"),
                Tensor.ofFloats("cond/encoder_hidden_states", new float[77 * 32], 77, 32),
                Tensor.ofFloats("uncond/encoder_hidden_states", new float[77 * 32], 77, 32));
    }

    /** The problem is found beforehand, and reported when the device thread has the work. */
    @Test
    void aPictureThatCannotBeReadFailsItsOwnSampleAlone() throws IOException {
        Stage decoder = opened(new DecoderStage(List.of(TINY), EXACT, 8));
        Task.Builder whole =
                Tasks.of("image_to_image", "whole", generation("a")).setPosition(1);
        Task.Builder cut = Tasks.of("image_to_image", "cut", generation("a")).setPosition(1);
        byte[] photo = Files.readAllBytes(FIXTURES.resolve("images/photo.png"));
        var broken = prepared(
                decoder, work(cut, Tensor.ofBytes("input/init_image", Arrays.copyOf(photo, photo.length / 2))));
        var good = prepared(decoder, work(whole, Tensor.ofBytes("input/init_image", photo)));

        broken.admit(outbox);
        good.admit(outbox);
        turnAll(decoder, outbox);

        assertThat(outbox.handedOn).containsOnlyKeys("whole/0");
        assertThat(outbox.failures).containsOnlyKeys("cut/0");
        assertThat(outbox.failures.get("cut/0").code()).isEqualTo("invalid_image");
        assertThat(outbox.failures.get("cut/0").message()).startsWith("init_image: ");
        assertThat(outbox.failures.get("cut/0").retryable()).isFalse();
    }

    /** @param files names of pictures by attachment */
    private void requireReadBeforehand(Stage stage, Task.Builder task, Map<String, String> files, Tensor... more)
            throws IOException {
        List<Tensor> given = new ArrayList<>(List.of(more));
        List<byte[]> arrays = new ArrayList<>();
        for (var file : files.entrySet()) {
            byte[] bytes = Files.readAllBytes(FIXTURES.resolve("images").resolve(file.getValue()));
            arrays.add(bytes);
            given.add(Tensor.ofBytes("input/" + file.getKey(), bytes));
        }
        Work work = work(task, given.toArray(Tensor[]::new));
        stage.admit(work, outbox);
        turnAll(stage, outbox);
        assertThat(outbox.failures).isEmpty();
        Map<String, float[]> expected = results();

        Stage.Admission admission = prepared(stage, work);
        arrays.forEach(bytes -> Arrays.fill(bytes, (byte) 0));
        admission.admit(outbox);
        turnAll(stage, outbox);

        assertThat(outbox.failures).isEmpty();
        Map<String, float[]> made = results();
        assertThat(made.keySet()).isEqualTo(expected.keySet());
        made.forEach((name, values) -> assertThat(values).as(name).isEqualTo(expected.get(name)));
    }

    private Map<String, float[]> results() {
        Map<String, float[]> values = new LinkedHashMap<>();
        outbox.handedOn.remove("a/0").forEach((name, tensor) -> values.put(name, tensor.toFloats()));
        return values;
    }

    private static Stage.Admission prepared(Stage stage, Work work) {
        return stage.prepare(work).toCompletableFuture().join();
    }

    /** Of a model's first workflow. */
    private static Task.Builder task(ModelCard card, int position) {
        Generation.Builder generation = generation("a red apple");
        return Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId("a").setAttempt(1))
                .setModel(card.getId())
                .setGeneration(generation)
                .setPosition(position)
                .addAllRoute(Route.stages(card, card.getWorkflows(0), generation.build()));
    }

    private static ModelFolder sd1(AddOns addOns) {
        return ModelFolder.open(
                FIXTURES.resolve("checkpoints/sd1"), Optional.empty(), List.of(), Optional.empty(), addOns);
    }

    private Stage opened(Stage stage) {
        stage.open();
        stages.add(stage);
        return stage;
    }
}
