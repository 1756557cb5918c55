package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.diffusion.GuidanceInterval;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.image.PictureReader;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.pipeline.AestheticScores;
import dev.weir.engine.pipeline.Begin;
import dev.weir.engine.pipeline.MaskedContent;
import dev.weir.engine.pipeline.PipelineType;
import dev.weir.engine.pipeline.Request;
import dev.weir.engine.pipeline.Sight;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.engine.sampler.SamplerSpec;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.Span;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** DeepFloyd IF, with one, two and three networks, and its second one alone: states, calls, trajectories and pictures, as diffusers makes them. */
class DeepFloydReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("deepfloyd/io.safetensors");

    @RegisterExtension
    static final Opened<ModelParts> OPENED = new Opened<>();

    @TempDir
    static Path homes;

    static Stream<Arguments> pictures() {
        return ReferenceCases.onEachEngine("deepfloyd/cases.json");
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("pictures")
    void aPictureAndItsWayAreTheReferences(Engine engine, String name, JsonNode json) throws IOException {
        ModelParts parts = open(json.get("layout").asText(), engine);
        ModelFolder model = parts.model();
        Tensors given = WorkflowRun.encoded(parts.encoder(), json);
        requireStates(given, name);
        given = given.with(seen(model, json));
        HostTensor made = null;
        for (StageSpec stage : model.pipeline().diffusing()) {
            LatentShape shape = shape(model, stage, json);
            // The only network of the model that enlarges pictures is at its denoiser nodes.
            String recorded = name + "/" + (json.has("image") ? "upsampler" : stage.name());
            float[] end = run(new Run(model, stage, parts.network(stage), shape, given, json), recorded);
            made = HostTensor.of(end, shape.channels(), shape.height(), shape.width());
            given = given.with("latent", made);
        }
        var shape = new LatentShape(made.side(0), made.side(1), made.side(2));
        RgbImage picture =
                parts.codec().decode(shape, List.of(made.values())).get(0).orElseThrow();
        var expected =
                ImageIO.read(ReferenceFile.path("deepfloyd/" + name + ".png").toFile());
        assertThat(Drawing.psnr(picture, expected)).isGreaterThan(50);
    }

    /** Each step as another node continues it: from the request, and where the run is. */
    private static float[] run(Run run, String recorded) {
        Row row = run.row();
        requireFirstCall(row, run, recorded + "/call/");
        List<Integer> steps = new ArrayList<>(List.of(0, row.steps() / 2, row.steps() - 1));
        for (int step = 0; !row.isDone(); step++) {
            row = run.row().at(row.state(), row.noisePosition());
            StepBatch.advance(run.network, run.shape, List.of(row));
            if (steps.remove((Integer) step)) {
                requireClose(row.state().sample(), TENSORS.floats(recorded + "/step " + step), recorded + step);
            }
        }
        assertThat(steps).as("steps that were not made").isEmpty();
        return row.state().sample();
    }

    /** Of the prompt's row. */
    private static void requireFirstCall(Row row, Run run, String recorded) {
        float[] sample = TENSORS.floats(recorded + "sample");
        int size = run.shape.size();
        requireClose(row.state().sample(), Arrays.copyOf(sample, size), recorded + "start");
        List<Tensors> branches = row.branches();
        Tensors prompt = branches.get(branches.size() - 1);
        prompt.find(Tensors.CONCAT)
                .ifPresent(beside -> requireClose(
                        beside.values(), Arrays.copyOfRange(sample, size, sample.length), recorded + "beside"));
        var called = new Denoiser.Row(Arrays.copyOf(sample, size), TENSORS.floats(recorded + "timestep")[0], prompt);
        requireClose(
                run.network.predict(run.shape, List.of(called)).get(0),
                TENSORS.floats(recorded + "output"),
                recorded + "output");
    }

    @Test
    void otherRequestsShareForwardsAndGiveWhatTheyGiveAlone() throws IOException {
        ModelParts parts = open("super", Engine.TORCH);
        ModelFolder model = parts.model();
        List<JsonNode> cases = ReferenceCases.of("deepfloyd/cases.json")
                .filter(json -> json.has("image"))
                .toList();
        StageSpec stage = model.pipeline().main();
        Denoiser network = parts.network(stage);
        List<Run> runs = new ArrayList<>();
        for (JsonNode json : cases) {
            Tensors given = WorkflowRun.encoded(parts.encoder(), json).with(seen(model, json));
            runs.add(new Run(model, stage, network, shape(model, stage, json), given, json));
        }
        List<Row> together = runs.stream().map(Run::row).toList();
        while (together.stream().anyMatch(row -> !row.isDone())) {
            List<Row> left = together.stream().filter(row -> !row.isDone()).toList();
            StepBatch.advance(network, runs.get(0).shape, left);
        }
        for (int i = 0; i < cases.size(); i++) {
            String last = cases.get(i).get("name").asText() + "/upsampler/step "
                    + (together.get(i).steps() - 1);
            requireClose(together.get(i).state().sample(), TENSORS.floats(last), last);
        }
    }

    @Test
    void partsThatDoNotFitAreNamed() throws IOException {
        Path home = homes.resolve("changed");
        lay("both", home);
        TestModels.edit(
                home.resolve("super_resolution/unet/config.json"), "\"sample_size\": 32", "\"sample_size\": 20");
        assertThatThrownBy(() -> ModelFolder.open(home))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("super_resolution", "sample_size is 20", "8");
        TestModels.edit(home.resolve("unet/config.json"), "\"encoder_hid_dim\": 24", "\"encoder_hid_dim\": 25");
        assertThatThrownBy(() -> ModelFolder.open(home))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("encoder_hid_dim is 25", "24 of the text encoder's states");
    }

    private record Run(
            ModelFolder model, StageSpec stage, Denoiser network, LatentShape shape, Tensors given, JsonNode json) {

        Row row() {
            boolean isMain = stage.equals(model.pipeline().main());
            var schedule = model.scheduler(stage);
            int steps = isMain ? json.get("steps").asInt() : stage.ownSteps();
            double guidance = isMain ? json.get("guidance_scale").asDouble() : stage.ownGuidance();
            int width = json.get("width").asInt();
            int height = json.get("height").asInt();
            var request = new Request(
                    width,
                    height,
                    (float) guidance,
                    0,
                    GuidanceInterval.WHOLE,
                    width,
                    height,
                    0,
                    0,
                    OptionalInt.empty(),
                    OptionalInt.of(json.path("noise_level").asInt(250)),
                    1,
                    1,
                    MaskedContent.ORIGINAL,
                    AestheticScores.USUAL);
            return model.pipeline()
                    .type()
                    .begin(
                            stage,
                            new Begin(
                                    model.card(),
                                    shape,
                                    Samplers.create(
                                            schedule,
                                            SamplerSpec.parse(Samplers.defaultName(schedule)),
                                            Span.whole(steps)),
                                    model.augmentation(stage),
                                    new TorchGenerator(json.get("seed").asLong()),
                                    network.inputs(),
                                    network.inChannels() - shape.channels(),
                                    request,
                                    given));
        }
    }

    private static LatentShape shape(ModelFolder model, StageSpec stage, JsonNode json) {
        int reduction = model.pipeline().workflows().get(0).stages().stream()
                .filter(one -> one.name().equals(stage.name()))
                .findFirst()
                .orElseThrow()
                .reduction();
        int divisor = reduction * (stage.ofPixels() ? 1 : model.card().scale());
        return new LatentShape(
                stage.ofPixels() ? 3 : model.card().latentChannels(),
                json.get("height").asInt() / divisor,
                json.get("width").asInt() / divisor);
    }

    private static void requireStates(Tensors given, String name) {
        for (String branch : List.of("", "negative_")) {
            String recorded = name + "/" + branch + "states";
            if (TENSORS.has(recorded)) {
                float[] first = TENSORS.floats(recorded);
                String port = branch.isEmpty() ? "cond/" : "uncond/";
                float[] own = given.get(port + Tensors.ENCODER_HIDDEN_STATES).values();
                requireClose(Arrays.copyOf(own, first.length), first, recorded);
            }
        }
    }

    private static Tensors seen(ModelFolder model, JsonNode json) throws IOException {
        if (!json.has("image")) {
            return Tensors.NONE;
        }
        byte[] file = Files.readAllBytes(
                ReferenceFile.path("images/" + json.get("image").asText()));
        Sight sight = Sight.of(
                PictureReader.read(file, PictureReader.Limits.DEFAULT),
                Optional.empty(),
                json.get("width").asInt() / 4,
                json.get("height").asInt() / 4,
                0,
                OptionalInt.empty(),
                Optional.empty());
        PipelineType type = model.pipeline().type();
        return type.see(type.input(sight, 1), Pixels.RGB);
    }

    private static ModelParts open(String layout, Engine engine) throws IOException {
        Path home = homes.resolve(layout);
        if (!Files.exists(home)) {
            lay(layout, home);
        }
        return OPENED.of(List.of(layout, engine), () -> ModelParts.of(home, engine));
    }

    /** As a user puts the published folders together. */
    private static void lay(String layout, Path home) throws IOException {
        TestModels.lay(ReferenceFile.path("t5/tokenizer"), home.resolve("tokenizer"));
        TestModels.lay(ReferenceFile.path("deepfloyd/text_encoder"), home.resolve("text_encoder"));
        TestModels.lay(ReferenceFile.path("deepfloyd/" + (layout.equals("super") ? "super_resolution" : "base")), home);
        if (layout.equals("both") || layout.equals("all")) {
            TestModels.lay(ReferenceFile.path("deepfloyd/super_resolution"), home.resolve("super_resolution"));
        }
        if (layout.equals("all")) {
            TestModels.lay(ReferenceFile.path("checkpoints/sd1"), home.resolve("upscaler"));
            TestModels.lay(ReferenceFile.path("beside/upscale-x4"), home.resolve("upscaler"));
        }
    }
}
