package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.GuidanceInterval;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.pipeline.AestheticScores;
import dev.weir.engine.pipeline.Begin;
import dev.weir.engine.pipeline.MaskedContent;
import dev.weir.engine.pipeline.Request;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.SamplerSpec;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.Span;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Text to image with a prior: calls and trajectories of both diffusing stages, and the picture, as diffusers recorded them. */
class PriorPipelineReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("priors/io.safetensors");

    static Stream<Arguments> pictures() {
        return ReferenceCases.onEachEngine("priors/cases.json");
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("pictures")
    void aPictureAndItsWayAreTheReferences(Engine engine, String name, JsonNode json) throws IOException {
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        ModelFolder model = ModelFolder.open(ReferenceFile.path("priors/pipeline"));
        StageSpec prior = model.pipeline().diffusing().get(0);
        StageSpec decoder = model.pipeline().diffusing().get(1);
        assertThat(model.pipeline().main()).isEqualTo(decoder);
        Tensors given = encoded(model, target, json);
        try (Denoiser network = model.network(prior, target)) {
            var shape = new LatentShape(network.inChannels(), 1, 1);
            float[] end = run(
                    () -> begin(model, prior, network, shape, given, json),
                    network,
                    shape,
                    json,
                    "prior_recorded",
                    name + "/prior/");
            float[] embedding = network.finished(end);
            requireClose(embedding, TENSORS.floats(name + "/embedding"), "embedding");
            decode(
                    model,
                    decoder,
                    target,
                    given.with("latent", HostTensor.of(embedding, embedding.length, 1, 1)),
                    json);
        }
    }

    private static void decode(ModelFolder model, StageSpec stage, ComputeTarget target, Tensors given, JsonNode json)
            throws IOException {
        String name = json.get("name").asText();
        int scale = model.card().scale();
        var shape = new LatentShape(
                4, json.get("height").asInt() / scale, json.get("width").asInt() / scale);
        try (Denoiser network = model.denoiser(target);
                ImageCodec codec = model.imageCodec(target)) {
            Row row = begin(model, stage, network, shape, given, json);
            requireRows(
                    row.branches().stream()
                            .map(branch -> branch.get(Tensors.CLASS_LABELS).values())
                            .toList(),
                    name + "/call/labels");
            float[] latent = run(
                    () -> begin(model, stage, network, shape, given, json),
                    network,
                    shape,
                    json,
                    "recorded",
                    name + "/");
            var made = codec.decode(shape, List.of(latent)).get(0).orElseThrow();
            var expected =
                    ImageIO.read(ReferenceFile.path("priors/" + name + ".png").toFile());
            assertThat(Drawing.psnr(made, expected)).isGreaterThan(50);
        }
    }

    private interface Start {

        Row row();
    }

    /** Each step as another node continues it: from the request, and where the run is. */
    private static float[] run(
            Start start, Denoiser network, LatentShape shape, JsonNode json, String recorded, String prefix) {
        Row row = start.row();
        requireFirstCall(row, network, shape, prefix + (prefix.endsWith("prior/") ? "" : "call/"));
        List<Integer> steps = new ArrayList<>();
        json.get(recorded).forEach(step -> steps.add(step.asInt()));
        for (int step = 0; !row.isDone(); step++) {
            row = start.row().at(row.state(), row.noisePosition());
            StepBatch.advance(network, shape, List.of(row));
            if (steps.remove((Integer) step)) {
                requireClose(row.state().sample(), TENSORS.floats(prefix + "step " + step), prefix + step);
            }
        }
        assertThat(steps).as("steps that were not made").isEmpty();
        return row.state().sample();
    }

    /** The rows are the unconditional one, then the other, here as in diffusers. */
    private static void requireFirstCall(Row row, Denoiser network, LatentShape shape, String prefix) {
        float[] sample = TENSORS.floats(prefix + "sample");
        float timestep = TENSORS.floats(prefix + "timestep")[0];
        List<Tensors> branches = row.branches();
        List<float[]> outputs = new ArrayList<>();
        for (int i = 0; i < branches.size(); i++) {
            var called = new Denoiser.Row(part(sample, i, branches.size()), timestep, branches.get(i));
            outputs.add(network.predict(shape, List.of(called)).get(0));
        }
        requireRows(outputs, prefix + "output");
    }

    private static void requireRows(List<float[]> rows, String recorded) {
        float[] all = TENSORS.floats(recorded);
        for (int i = 0; i < rows.size(); i++) {
            requireClose(rows.get(i), part(all, i, rows.size()), recorded + " " + i);
        }
    }

    private static float[] part(float[] rows, int row, int count) {
        int size = rows.length / count;
        return Arrays.copyOfRange(rows, row * size, (row + 1) * size);
    }

    private static Tensors encoded(ModelFolder model, ComputeTarget target, JsonNode json) {
        try (TextEncoder encoder = model.textEncoder(target)) {
            List<Tensors> states = encoder.states(List.of(
                    json.get("prompt").asText(), json.path("negative_prompt").asText("")));
            return states.get(0).under("cond/").with(states.get(1).under("uncond/"));
        }
    }

    private static Row begin(
            ModelFolder model, StageSpec stage, Denoiser network, LatentShape shape, Tensors given, JsonNode json) {
        var schedule = model.scheduler(stage);
        int width = json.get("width").asInt();
        int height = json.get("height").asInt();
        var request = new Request(
                width,
                height,
                json.get(stage.isPrior() ? "prior_guidance_scale" : "guidance_scale")
                        .floatValue(),
                0,
                GuidanceInterval.WHOLE,
                width,
                height,
                0,
                0,
                OptionalInt.empty(),
                OptionalInt.of(json.get("noise_level").asInt()),
                1,
                1,
                MaskedContent.ORIGINAL,
                AestheticScores.USUAL);
        StageSpec first = model.pipeline().diffusing().get(0);
        Sampler priors = Samplers.create(
                model.scheduler(first),
                SamplerSpec.parse(Samplers.defaultName(model.scheduler(first))),
                Span.whole(json.get("prior_steps").asInt()));
        Sampler sampler = stage.isPrior()
                ? priors
                : Samplers.create(
                        schedule,
                        SamplerSpec.parse(json.get("sampler").asText()),
                        Span.whole(json.get("steps").asInt()));
        return model.pipeline()
                .type()
                .begin(
                        stage,
                        new Begin(
                                model.card(),
                                shape,
                                sampler,
                                schedule,
                                new TorchGenerator(json.get("seed").asLong()),
                                network.inputs(),
                                0,
                                request,
                                given,
                                stage.isPrior()
                                        ? Optional.empty()
                                        : Optional.of(new Begin.Prior(
                                                priors, model.priorNoise().orElseThrow()))));
    }
}
