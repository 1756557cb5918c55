package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.control.Control;
import dev.weir.engine.control.ControlPicture;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.PictureReader;
import dev.weir.engine.image.Preprocessor;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.pipeline.Begin;
import dev.weir.engine.pipeline.Request;
import dev.weir.engine.pipeline.Sight;
import dev.weir.engine.sampler.SamplerSpec;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.Span;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.StreamSupport;
import javax.imageio.ImageIO;

/**
 * Rows that networks of a folder of fixtures steer, in one forward and alone, beside what diffusers makes of each.
 *
 * @param home the folder
 * @param tensors its numbers
 */
record SteeredRun(String home, ReferenceFile tensors) {

    static SteeredRun of(String home) {
        return new SteeredRun(home, ReferenceFile.open(home + "/io.safetensors"));
    }

    /** Calls, steps and pictures of cases of one size together: loading the networks takes most of the time. */
    void require(Engine engine, ModelFolder model, List<JsonNode> cases) throws IOException {
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        try (Denoiser network = model.denoiser(target);
                ImageCodec codec = model.imageCodec(target)) {
            requireCalls(engine, model, cases, network);
            Tensors prompts = encoded(model, target, cases.get(0));
            List<Row> rows = new ArrayList<>();
            for (JsonNode json : cases) {
                Row begun = begin(model, network, codec, prompts, json);
                // As another node would continue it.
                rows.add(begun.steeredBy(controls(model, json)).at(begun.state(), begun.noisePosition()));
            }
            List<Row> left = rows;
            while (!left.isEmpty()) {
                StepBatch.advance(network, shape(model, cases.get(0)), left);
                for (int i = 0; i < rows.size(); i++) {
                    requireStep(rows.get(i), cases.get(i));
                }
                left = left.stream().filter(row -> !row.isDone()).toList();
            }
            for (int i = 0; i < rows.size(); i++) {
                requirePicture(model, codec, rows.get(i), cases.get(i));
            }
        }
    }

    private void requireStep(Row row, JsonNode json) {
        String tensor =
                "%s/step %d".formatted(json.get("name").asText(), row.state().step() - 1);
        boolean isRecorded = StreamSupport.stream(json.get("recorded").spliterator(), false)
                .anyMatch(step -> step.asInt() == row.state().step() - 1);
        if (isRecorded) {
            requireClose(row.state().sample(), tensors.floats(tensor), tensor);
        }
    }

    private void requirePicture(ModelFolder model, ImageCodec codec, Row row, JsonNode json) throws IOException {
        var picture = codec.decode(shape(model, json), List.of(row.state().sample()))
                .get(0)
                .orElseThrow();
        String name = json.get("name").asText();
        var expected =
                ImageIO.read(ReferenceFile.path(home + "/" + name + ".png").toFile());
        assertThat(Drawing.psnr(picture, expected)).as(name).isGreaterThanOrEqualTo(50);
    }

    /** The recorded calls of all cases, and the same rows without nets, in one forward in another order, and each alone. */
    private void requireCalls(Engine engine, ModelFolder model, List<JsonNode> cases, Denoiser network) {
        List<Denoiser.Row> rows = new ArrayList<>();
        List<float[]> expected = new ArrayList<>();
        List<String> names = new ArrayList<>();
        LatentShape shape = shape(model, cases.get(0));
        for (JsonNode json : cases) {
            String name = json.get("name").asText() + "/call/";
            int branches = json.get("guidance_scale").asDouble() > 1 ? 2 : 1;
            for (int branch = 0; branch < branches; branch++) {
                boolean isPrompt = branch == branches - 1;
                List<Control> steering = controls(model, json).stream()
                        .filter(control -> control.steers(0, json.get("steps").asInt(), isPrompt))
                        .toList();
                float[] sample = part(name + "sample", branch, branches);
                rows.add(new Denoiser.Row(
                        Arrays.copyOf(sample, shape.size()),
                        tensors.floats(name + "timestep")[0],
                        inputs(name, branch, branches).with(beside(sample, shape)),
                        List.of(),
                        steering));
                expected.add(part(name + "output", branch, branches));
                names.add(name + branch);
            }
        }
        List<float[]> alone = rows.stream()
                .map(row -> network.predict(shape, List.of(row)).get(0))
                .toList();
        List<Denoiser.Row> shuffled = new ArrayList<>(rows);
        Collections.reverse(shuffled);
        List<float[]> together = network.predict(shape, shuffled);
        for (int i = 0; i < rows.size(); i++) {
            float[] own = together.get(rows.size() - 1 - i);
            requireClose(own, expected.get(i), names.get(i) + " together");
            requireClose(alone.get(i), expected.get(i), names.get(i) + " alone");
            if (engine == Engine.ONNX) {
                assertThat(own).as(names.get(i) + " beside others").isEqualTo(alone.get(i));
            }
        }
        assertThat(rows.stream().map(row -> row.controls().size()).distinct()).contains(1);
    }

    /** What an inpainting network sees beside its sample. */
    private Tensors beside(float[] sample, LatentShape shape) {
        if (sample.length == shape.size()) {
            return Tensors.NONE;
        }
        float[] beside = Arrays.copyOfRange(sample, shape.size(), sample.length);
        int channels = beside.length / (shape.height() * shape.width());
        return Tensors.of(Tensors.CONCAT, HostTensor.of(beside, channels, shape.height(), shape.width()));
    }

    private Tensors inputs(String name, int branch, int branches) {
        float[] states = part(name + "states", branch, branches);
        int tokens = 77;
        Tensors inputs =
                Tensors.of(Tensors.ENCODER_HIDDEN_STATES, HostTensor.of(states, tokens, states.length / tokens));
        if (!tensors.has(name + "time_ids")) {
            return inputs;
        }
        float[] embeds = part(name + "text_embeds", branch, branches);
        return inputs.with("text_embeds", HostTensor.of(embeds, embeds.length))
                .with("time_ids", HostTensor.of(part(name + "time_ids", branch, branches), 6));
    }

    private float[] part(String tensor, int index, int parts) {
        float[] all = tensors.floats(tensor);
        int size = all.length / parts;
        return Arrays.copyOfRange(all, index * size, (index + 1) * size);
    }

    static List<Control> controls(ModelFolder model, JsonNode json) {
        List<Control> controls = new ArrayList<>();
        for (JsonNode use : json.path("controls")) {
            controls.add(new Control(
                    model.controlNets().byName().get(use.get("name").asText()),
                    ControlPicture.of(
                            bitmap("photo.png"),
                            json.get("width").asInt(),
                            json.get("height").asInt(),
                            Preprocessor.NONE),
                    use.get("scale").floatValue(),
                    use.path("start").asDouble(),
                    use.get("end").asDouble(),
                    use.path("guess").asBoolean()));
        }
        return controls;
    }

    private Row begin(ModelFolder model, Denoiser network, ImageCodec codec, Tensors prompts, JsonNode json) {
        var stage = model.pipeline().diffusing().get(0);
        var schedule = model.scheduler(stage);
        double strength = json.path("strength").asDouble(1);
        var sampler = Samplers.create(
                schedule,
                SamplerSpec.parse(json.get("model").asText().equals("sdxl") ? "euler" : "ddim"),
                Span.ofStrength(json.get("steps").asInt(), strength));
        var request = Request.of(
                        json.get("width").asInt(),
                        json.get("height").asInt(),
                        json.get("guidance_scale").floatValue())
                .changing(strength);
        var type = model.pipeline().type();
        Tensors given =
                json.has("strength") ? prompts.with(type.see(type.input(sight(json), codec.scale()), codec)) : prompts;
        return type.begin(
                stage,
                new Begin(
                        model.card(),
                        shape(model, json),
                        sampler,
                        schedule,
                        new TorchGenerator(json.get("seed").asLong()),
                        network.inputs(),
                        network.inChannels() - 4,
                        request,
                        given));
    }

    private Sight sight(JsonNode json) {
        return Sight.of(
                bitmap("photo.png"),
                json.has("mask") ? Optional.of(bitmap("mask.png")) : Optional.empty(),
                json.get("width").asInt(),
                json.get("height").asInt(),
                0,
                OptionalInt.empty(),
                Optional.empty());
    }

    private Tensors encoded(ModelFolder model, ComputeTarget target, JsonNode json) {
        try (TextEncoder encoder = model.textEncoder(target)) {
            return WorkflowRun.encoded(encoder, json);
        }
    }

    private LatentShape shape(ModelFolder model, JsonNode json) {
        int scale = model.card().scale();
        return new LatentShape(
                4, json.get("height").asInt() / scale, json.get("width").asInt() / scale);
    }

    private static Bitmap bitmap(String name) {
        try {
            Path file = ReferenceFile.path("images/" + name);
            return PictureReader.read(Files.readAllBytes(file), PictureReader.Limits.DEFAULT);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
