package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.pipeline.Begin;
import dev.weir.engine.pipeline.Request;
import dev.weir.engine.prompt.Composition;
import dev.weir.engine.prompt.PromptSyntax;
import dev.weir.engine.prompt.Words;
import dev.weir.engine.sampler.Samplers;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A run whose texts change by step, guided by two prompts at once. */
final class ComposedReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("words/composed.safetensors");
    private static final int STEPS = 10;
    private static final LatentShape SHAPE = new LatentShape(4, 8, 12);
    private static final Words WORDS = Words.of(
            "[ a red apple: a green hill:0.5] AND an (astronaut:1.2) riding BREAK a horse:0.6",
            "[blurry|dark]",
            PromptSyntax.A1111,
            STEPS);

    @ParameterizedTest
    @EnumSource(Engine.class)
    void aRunEndsAsTheReference(Engine engine) {
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        ModelFolder model = ModelFolder.open(ReferenceFile.path("checkpoints/sd1"));
        try (Denoiser network = model.network(model.pipeline().diffusing().get(0), target)) {
            Row row = begin(model, network, given(model, target));
            assertThat(row.state().sample()).containsExactly(TENSORS.floats("start"), within(1e-5f));
            assertThat(row.cost()).isEqualTo(3);
            for (int step = 0; step < STEPS; step++) {
                StepBatch.advance(network, SHAPE, List.of(row));
            }
            requireEnd(row);
        }
    }

    /** What another node continues with reads the same texts. */
    @Test
    void aResumedRunEndsAsTheReference() {
        var target = new ComputeTarget("cpu", Precision.FP32, Engine.ONNX);
        ModelFolder model = ModelFolder.open(ReferenceFile.path("checkpoints/sd1"));
        Tensors given = given(model, target);
        try (Denoiser network = model.network(model.pipeline().diffusing().get(0), target)) {
            Row first = begin(model, network, given);
            for (int step = 0; step < 7; step++) {
                StepBatch.advance(network, SHAPE, List.of(first));
            }
            Row row = begin(model, network, given).at(first.state(), first.noisePosition());
            for (int step = 7; step < STEPS; step++) {
                StepBatch.advance(network, SHAPE, List.of(row));
            }
            requireEnd(row);
        }
    }

    /** On the scale of the tensor. */
    private static void requireEnd(Row row) {
        float[] end = TENSORS.floats("end");
        float largest = 1;
        for (float value : end) {
            largest = Math.max(largest, Math.abs(value));
        }
        assertThat(row.state().sample()).containsExactly(end, within(1e-4f * largest));
    }

    private static Row begin(ModelFolder model, Denoiser network, Tensors given) {
        var stage = model.pipeline().diffusing().get(0);
        var schedule = model.scheduler(stage);
        return model.pipeline()
                .type()
                .begin(
                        stage,
                        new Begin(
                                model.card(),
                                SHAPE,
                                Samplers.create(schedule, "ddim", STEPS),
                                schedule,
                                new TorchGenerator(7),
                                network.inputs(),
                                0,
                                Request.of(SHAPE.width() * 8, SHAPE.height() * 8, 7.5f),
                                given,
                                List.of(),
                                Optional.empty(),
                                WORDS));
    }

    private static Tensors given(ModelFolder model, ComputeTarget target) {
        Tensors given = Tensors.NONE;
        try (TextEncoder encoder = model.textEncoder(target)) {
            for (var branch :
                    Map.of("cond/", WORDS.prompt(), "uncond/", WORDS.negative()).entrySet()) {
                Composition composition = branch.getValue();
                for (int i = 0; i < composition.texts().size(); i++) {
                    Prompt prompt = Prompt.of(composition.texts().get(i)).in(PromptSyntax.A1111);
                    Tensors states = encoder.encode(List.of(prompt)).get(0).states();
                    String number = i == 0 ? "" : i + "/";
                    for (var state : states.byName().entrySet()) {
                        given = given.with(branch.getKey() + number + state.getKey(), state.getValue());
                    }
                }
            }
        }
        return given;
    }
}
