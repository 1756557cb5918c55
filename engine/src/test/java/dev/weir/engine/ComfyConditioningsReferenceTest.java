package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.noise.NoiseKind;
import dev.weir.engine.noise.NoiseStream;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.pipeline.Begin;
import dev.weir.engine.pipeline.Request;
import dev.weir.engine.prompt.ComfyNotation;
import dev.weir.engine.prompt.Composition;
import dev.weir.engine.prompt.PromptSyntax;
import dev.weir.engine.prompt.Words;
import dev.weir.engine.sampler.PercentRange;
import dev.weir.engine.sampler.SamplerSpec;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.SigmaSpacing;
import dev.weir.engine.sampler.Span;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What ComfyUI's nodes make of two prompts: {@code tools/reference/comfy_conditionings.py}. */
final class ComfyConditioningsReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("words/conditionings.safetensors");
    private static final String APPLE = "a (red:1.4) apple";
    private static final String HILL = "a green hill";
    private static final String LONG =
            "the quick brown fox jumps over the lazy dog and an astronaut riding a horse on a green hill ".repeat(4)
                    + "(a red apple:1.3)";
    private static final String BOTH = ComfyNotation.sequence(List.of(APPLE, HILL));
    private static final Map<String, String> CASES = Map.of(
            "concat", BOTH,
            "average", ComfyNotation.average(APPLE, HILL, 0.3),
            "shorter", ComfyNotation.average(APPLE, LONG, 0.75),
            "longer", ComfyNotation.average(LONG, APPLE, 0.6),
            "nested",
                    ComfyNotation.sequence(
                            List.of(ComfyNotation.average(LONG, BOTH, 0.25), ComfyNotation.average(HILL, APPLE, 0.5))));
    private static final Words WORDS = new Words(
            Composition.ofEqual(List.of(APPLE, BOTH, HILL), Collections.nCopies(3, PercentRange.WHOLE)),
            Composition.of(ComfyNotation.sequence(List.of(HILL, APPLE))));
    /** Every fifth token is recorded. */
    private static final int KEPT = 5;

    /** One begins where another one ends, at the level of a step: both count there. */
    private static final Words RANGED = new Words(
            Composition.ofEqual(
                    List.of(APPLE, BOTH, HILL),
                    List.of(new PercentRange(0, 0.5), new PercentRange(0.2, 0.7), new PercentRange(0.5, 1))),
            Composition.of(HILL));

    private static final Words AGAINST = new Words(
            RANGED.prompt(),
            Composition.ofEqual(List.of(HILL, BOTH), List.of(PercentRange.WHOLE, new PercentRange(0.2, 0.6))));

    private static final LatentShape SHAPE = new LatentShape(4, 8, 12);
    private static final int STEPS = 7;

    @RegisterExtension
    static final Opened<ModelParts> OPENED = new Opened<>();

    @ParameterizedTest
    @CsvSource({"TORCH,sd1,checkpoints/sd1", "ONNX,sd1,checkpoints/sd1", "TORCH,sdxl,sdxl", "ONNX,sdxl,sdxl"})
    void statesAreComfyuis(Engine engine, String name, String folder) {
        TextEncoder encoder = open(folder, engine).encoder();
        CASES.forEach((label, written) -> {
            Prompt prompt = Prompt.of(written).in(PromptSyntax.COMFYUI);
            Tensors ours = encoder.encode(List.of(prompt)).get(0).states();
            String where = name + "/" + label;
            float[] theirs = TENSORS.floats(where + "/states");
            HostTensor states = ours.get(Tensors.ENCODER_HIDDEN_STATES);
            int width = states.side(1);
            assertThat(theirs).hasSize((states.side(0) + KEPT - 1) / KEPT * width);
            float[] kept = new float[theirs.length];
            for (int i = 0; i < kept.length; i++) {
                kept[i] = states.values()[i / width * KEPT * width + i % width];
            }
            requireClose(kept, theirs, where);
            ours.find("text_embeds")
                    .ifPresent(pooled -> requireClose(pooled.values(), TENSORS.floats(where + "/text_embeds"), where));
        });
    }

    private static ModelParts open(String folder, Engine engine) {
        return OPENED.of(List.of(folder, engine), () -> ModelParts.of(ReferenceFile.path(folder), engine));
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void combinedPromptsCountEqually(Engine engine) {
        requireEnd(engine, SamplerSpec.of("ddim"), new TorchGenerator(7), WORDS, "end");
    }

    @ParameterizedTest
    @CsvSource({"TORCH,euler,euler", "ONNX,euler,euler", "ONNX,kdpm2,dpm_2", "ONNX,dpmpp_2m,dpmpp_2m"})
    void aPromptCountsInItsRangeOfNoise(Engine engine, String sampler, String recorded) {
        var spec = new SamplerSpec(sampler, Optional.of(SigmaSpacing.COMFYUI_NORMAL), Optional.empty());
        var noise = NoiseKind.parse("comfyui:0:1").stream(7);

        requireEnd(engine, spec, noise, RANGED, "ranged/" + recorded);
    }

    @ParameterizedTest
    @CsvSource({"TORCH,euler,euler", "ONNX,euler,euler", "ONNX,kdpm2,dpm_2"})
    void negativePromptsCountAsPromptsDo(Engine engine, String sampler, String recorded) {
        var spec = new SamplerSpec(sampler, Optional.of(SigmaSpacing.COMFYUI_NORMAL), Optional.empty());
        var noise = NoiseKind.parse("comfyui:0:1").stream(7);

        requireEnd(engine, spec, noise, AGAINST, "against/" + recorded);
    }

    private static void requireEnd(Engine engine, SamplerSpec spec, NoiseStream noise, Words words, String recorded) {
        ModelParts parts = open("checkpoints/sd1", engine);
        Row row = begun(parts, spec, noise, words);
        while (!row.isDone()) {
            StepBatch.advance(parts.denoiser(), SHAPE, List.of(row));
        }
        requireClose(row.state().sample(), TENSORS.floats(recorded), recorded);
    }

    @Test
    void aStepWithoutAPromptIsRefused() {
        ModelParts parts = open("checkpoints/sd1", Engine.ONNX);
        var late =
                new Words(Composition.ofEqual(List.of(APPLE), List.of(new PercentRange(0.4, 1))), Composition.of(HILL));
        assertThatThrownBy(() -> begun(parts, SamplerSpec.of("euler"), new TorchGenerator(7), late))
                .hasMessageContaining("no prompt counts at network call 1 of 7");
        var lateNegative = new Words(late.negative(), late.prompt());
        assertThatThrownBy(() -> begun(parts, SamplerSpec.of("euler"), new TorchGenerator(7), lateNegative))
                .hasMessageContaining("no negative prompt counts at network call 1 of 7");
    }

    private static Row begun(ModelParts parts, SamplerSpec spec, NoiseStream noise, Words words) {
        ModelFolder model = parts.model();
        var stage = model.pipeline().diffusing().get(0);
        var schedule = model.scheduler(stage);
        return model.pipeline()
                .type()
                .begin(
                        stage,
                        new Begin(
                                model.card(),
                                SHAPE,
                                Samplers.create(schedule, spec, Span.whole(STEPS)),
                                schedule,
                                noise,
                                parts.denoiser().inputs(),
                                0,
                                Request.of(SHAPE.width() * 8, SHAPE.height() * 8, 7.5f),
                                given(parts.encoder(), words),
                                List.of(),
                                Optional.empty(),
                                words));
    }

    private static Tensors given(TextEncoder encoder, Words words) {
        Tensors given = Tensors.NONE;
        for (var branch :
                Map.of("cond/", words.prompt(), "uncond/", words.negative()).entrySet()) {
            List<String> texts = branch.getValue().texts();
            for (int i = 0; i < texts.size(); i++) {
                Prompt prompt = Prompt.of(texts.get(i)).in(PromptSyntax.COMFYUI);
                Tensors states = encoder.encode(List.of(prompt)).get(0).states();
                given = given.with(states.under(branch.getKey() + (i == 0 ? "" : i + "/")));
            }
        }
        return given;
    }

    @Test
    void theMarksOfTheNotationAreNoText() {
        assertThatThrownBy(() -> ComfyNotation.text("a\3b")).hasMessageContaining("U+0003");
    }
}
