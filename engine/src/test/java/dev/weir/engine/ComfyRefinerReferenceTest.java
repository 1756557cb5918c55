package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.diffusion.GuidanceInterval;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.noise.NoiseKind;
import dev.weir.engine.pipeline.AestheticScores;
import dev.weir.engine.pipeline.Begin;
import dev.weir.engine.pipeline.MaskedContent;
import dev.weir.engine.pipeline.Request;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.engine.sampler.SamplerSpec;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.SigmaSpacing;
import dev.weir.engine.sampler.Span;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** ComfyUI's template for SDXL with its refiner, whose samplers share the steps: {@code tools/reference/comfy_refiner.py}. */
class ComfyRefinerReferenceTest {

    private static final Path HOME = ReferenceFile.path("sdxl_refiner");
    private static final ReferenceFile TENSORS = ReferenceFile.open("sdxl_refiner/pictures/comfyui.safetensors");
    /** Their samples are scaled between two steps, and ComfyUI's are not. The two stages scale them in the same way. */
    private static final Set<String> VARIANCE_PRESERVING = Set.of("dpmpp_2m");

    private static final Map<String, String> SAMPLERS = Map.of("dpm_2", "kdpm2");

    @RegisterExtension
    static final Opened<ModelParts> OPENED = new Opened<>();

    static Stream<Arguments> runs() {
        return ReferenceCases.onEachEngine("sdxl_refiner/pictures/comfyui.json");
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("runs")
    void theRefinerGoesOnWithTheNoiseThatIsLeft(Engine engine, String name, JsonNode json) {
        ModelParts parts = OPENED.of(engine, () -> ModelParts.of(HOME, engine));
        ModelFolder model = parts.model();
        int scale = model.card().scale();
        var shape = new LatentShape(
                4, json.get("height").asInt() / scale, json.get("width").asInt() / scale);
        Tensors given = encoded(parts.encoder(), json);
        List<StageSpec> stages = model.pipeline().diffusing();
        int steps = json.get("steps").asInt();
        int end = json.get("end").asInt();

        Request base = Request.of(
                json.get("width").asInt(),
                json.get("height").asInt(),
                json.get("cfg").floatValue());
        float[] left = run(parts, stages.get(0), shape, json, Span.ofSteps(steps, 0, end), base, given);
        if (!VARIANCE_PRESERVING.contains(name)) {
            requireClose(left, TENSORS.floats(name + "/base"), name + " base");
        }

        Tensors more = given.with("latent", HostTensor.of(left, 4, shape.height(), shape.width()));
        float[] done = run(parts, stages.get(1), shape, json, Span.ofSteps(steps, end, steps), told(json), more);
        requireClose(done, TENSORS.floats(name + "/refiner"), name + " refiner");
    }

    private static Request told(JsonNode json) {
        JsonNode scores = json.get("scores");
        return new Request(
                json.get("width").asInt(),
                json.get("height").asInt(),
                json.get("refiner_cfg").floatValue(),
                0,
                GuidanceInterval.WHOLE,
                json.get("told").get(0).asInt(),
                json.get("told").get(1).asInt(),
                0,
                0,
                OptionalInt.empty(),
                OptionalInt.empty(),
                1,
                1,
                MaskedContent.ORIGINAL,
                new AestheticScores(scores.get(0).floatValue(), scores.get(1).floatValue()));
    }

    private static float[] run(
            ModelParts parts,
            StageSpec stage,
            LatentShape shape,
            JsonNode json,
            Span span,
            Request request,
            Tensors given) {
        ModelFolder model = parts.model();
        var schedule = model.scheduler(stage);
        String sampler = json.get("sampler").asText();
        var spec = new SamplerSpec(
                SAMPLERS.getOrDefault(sampler, sampler),
                Optional.of(
                        SigmaSpacing.named("comfyui_" + json.get("scheduler").asText())),
                Optional.empty());
        Denoiser network = parts.network(stage);
        var begin = new Begin(
                model.card(),
                shape,
                Samplers.create(schedule, spec, span),
                schedule,
                NoiseKind.parse("comfyui:0:1").stream(json.get("seed").asLong()),
                network.inputs(),
                0,
                request,
                given);
        Row row = model.pipeline().type().begin(stage, begin);
        while (!row.isDone()) {
            StepBatch.advance(network, shape, List.of(row));
        }
        return row.state().sample();
    }

    private static Tensors encoded(TextEncoder encoder, JsonNode json) {
        List<Tensors> states = encoder.states(
                List.of(json.get("prompt").asText(), json.get("negative_prompt").asText()));
        return states.get(0).under("cond/").with(states.get(1).under("uncond/"));
    }
}
