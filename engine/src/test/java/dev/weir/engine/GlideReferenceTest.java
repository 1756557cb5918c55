package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.diffusion.GuidanceInterval;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.image.Bilinear;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.pipeline.AestheticScores;
import dev.weir.engine.pipeline.Begin;
import dev.weir.engine.pipeline.MaskedContent;
import dev.weir.engine.pipeline.Request;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.engine.sampler.SamplerSpec;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.Span;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Original files of GLIDE, converted: states, network calls and trajectories of both networks, as the reference makes them. */
class GlideReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("glide/io.safetensors");
    private static final List<String> NETWORKS = List.of("base", "upsampler");
    private static final String LATENT = "latent";

    @RegisterExtension
    static final Opened<ModelParts> OPENED = new Opened<>();

    @TempDir
    static Path folder;

    private static ModelFolder model;

    @BeforeAll
    static void convert() {
        model = GlideFiles.model(folder);
    }

    static Stream<Arguments> pictures() {
        return ReferenceCases.onEachEngine("glide/cases.json");
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("pictures")
    void aPictureAndItsWayAreTheReferences(Engine engine, String name, JsonNode json) {
        ModelParts parts = open(engine);
        Tensors given = WorkflowRun.encoded(parts.encoder(), json);
        requireStates(given, name);
        for (int number = 0; number < NETWORKS.size(); number++) {
            StageSpec stage = model.pipeline().diffusing().get(number);
            int side = model.pipeline().side(stage);
            var run = new Run(stage, parts.network(stage), new LatentShape(3, side, side), given, json);
            int last = run.toEnd(name + "/" + NETWORKS.get(number));
            // The reference's, whose numbers are cut to the same levels.
            float[] small = TENSORS.floats("%s/%s/step %d".formatted(name, NETWORKS.get(number), last));
            given = given.with(LATENT, HostTensor.of(small, 3, side, side));
        }
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void eachNetworkIsTheReferences(Engine engine) {
        JsonNode json = ReferenceCases.of("glide/cases.json").findFirst().orElseThrow();
        ModelParts parts = open(engine);
        Tensors given = WorkflowRun.encoded(parts.encoder(), json).in("cond/");
        for (int number = 0; number < NETWORKS.size(); number++) {
            String recorded = "call/" + NETWORKS.get(number);
            StageSpec stage = model.pipeline().diffusing().get(number);
            int side = model.pipeline().side(stage);
            Denoiser network = parts.network(stage);
            Tensors inputs = (number == 0 ? given : given.in("upsampler/")).only(network.inputs());
            if (number > 0) {
                float[] low = TENSORS.floats(recorded + "/low_res");
                inputs = inputs.with(
                        Tensors.CONCAT,
                        HostTensor.of(Bilinear.enlarge(new LatentShape(3, 8, 8), low, 2), 3, side, side));
            }
            var row = new Denoiser.Row(TENSORS.floats(recorded + "/sample"), 700, inputs);
            requireClose(
                    network.predict(new LatentShape(3, side, side), List.of(row))
                            .get(0),
                    TENSORS.floats(recorded + "/output"),
                    recorded);
        }
    }

    private static void requireStates(Tensors given, String name) {
        for (String network : NETWORKS) {
            String part = network.equals("base") ? "" : network + "/";
            requireState(given, "cond/" + part, name + "/" + network + "/states");
            requireState(given, "uncond/" + part, name + "/" + network + "/negative");
        }
    }

    private static void requireState(Tensors given, String prefix, String recorded) {
        float[] states = given.get(prefix + Tensors.ENCODER_HIDDEN_STATES).values();
        requireClose(states, TENSORS.floats(recorded), recorded);
        float[] last = given.get(prefix + Tensors.CLASS_LABELS).values();
        assertThat(last).containsExactly(Arrays.copyOfRange(states, states.length - last.length, states.length));
    }

    private record Run(StageSpec stage, Denoiser network, LatentShape shape, Tensors given, JsonNode json) {

        /** Each step as another node continues it: from the request, and where the run is. Gives the last one. */
        int toEnd(String recorded) {
            Row row = row();
            List<Integer> steps = new ArrayList<>(List.of(0, row.steps() / 2, row.steps() - 1));
            for (int step = 0; !row.isDone(); step++) {
                row = row().at(row.state(), row.noisePosition());
                StepBatch.advance(network, shape, List.of(row));
                if (steps.remove((Integer) step)) {
                    requireClose(row.state().sample(), TENSORS.floats(recorded + "/step " + step), recorded + step);
                }
            }
            assertThat(steps).as("steps that were not made").isEmpty();
            return row.steps() - 1;
        }

        private Row row() {
            boolean isMain = stage.equals(model.pipeline().main());
            var schedule = model.scheduler(stage);
            int side = model.pipeline().workflows().get(0).sizes().usual();
            var request = new Request(
                    side,
                    side,
                    (float) (isMain ? json.get("guidance_scale").asDouble() : stage.ownGuidance()),
                    0,
                    GuidanceInterval.WHOLE,
                    side,
                    side,
                    0,
                    0,
                    OptionalInt.empty(),
                    OptionalInt.empty(),
                    1,
                    1,
                    MaskedContent.ORIGINAL,
                    AestheticScores.USUAL);
            int steps = json.get(isMain ? "steps" : "upsampler_steps").asInt();
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

    private static ModelParts open(Engine engine) {
        return OPENED.of(engine, () -> new ModelParts(model, engine));
    }
}
