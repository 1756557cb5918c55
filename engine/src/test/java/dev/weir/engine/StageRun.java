package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.diffusion.GuidanceInterval;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.pipeline.AestheticScores;
import dev.weir.engine.pipeline.Begin;
import dev.weir.engine.pipeline.MaskedContent;
import dev.weir.engine.pipeline.Request;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.engine.prompt.Words;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.SamplerSpec;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.Span;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * A diffusing stage of a recorded case of a model with a prior.
 *
 * @param given what earlier stages gave, by its names on the bus
 */
record StageRun(ModelFolder model, StageSpec stage, Denoiser network, LatentShape shape, Tensors given, JsonNode json) {

    /** The sample at its end. Each step is made as another node continues it: from the request, and where the run is. */
    float[] end(ReferenceFile tensors, String recorded, String prefix) {
        Row row = begin();
        List<Integer> steps = new ArrayList<>();
        json.get(recorded).forEach(step -> steps.add(step.asInt()));
        for (int step = 0; !row.isDone(); step++) {
            row = begin().at(row.state(), row.noisePosition());
            StepBatch.advance(network, shape, List.of(row));
            if (steps.remove((Integer) step)) {
                requireClose(row.state().sample(), tensors.floats(prefix + "step " + step), prefix + step);
            }
        }
        assertThat(steps).as("steps that were not made").isEmpty();
        return row.state().sample();
    }

    Row begin() {
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
                json.has("noise_level") ? OptionalInt.of(json.get("noise_level").asInt()) : OptionalInt.empty(),
                1,
                1,
                MaskedContent.ORIGINAL,
                AestheticScores.USUAL);
        var begin = new Begin(
                model.card(),
                shape,
                sampler(stage),
                model.scheduler(stage),
                new TorchGenerator(json.get("seed").asLong()),
                network.inputs(),
                0,
                request,
                given,
                earlier(),
                model.priorNoise(),
                Words.PLAIN);
        return model.pipeline().type().begin(stage, begin);
    }

    /** The size of the case is that of the stage after the prior. */
    private List<Begin.Earlier> earlier() {
        List<StageSpec> all = model.pipeline().diffusing();
        int size = model.card().latentChannels()
                * json.get("width").asInt()
                * json.get("height").asInt();
        return all.subList(0, all.indexOf(stage)).stream()
                .map(before -> new Begin.Earlier(sampler(before), before.isPrior() ? made(before) : size))
                .toList();
    }

    private int made(StageSpec prior) {
        int height = json.get("height").asInt();
        int width = json.get("width").asInt();
        return model.pipeline()
                .type()
                .made(model.priorChannels(prior), height, width)
                .size();
    }

    private Sampler sampler(StageSpec of) {
        var schedule = model.scheduler(of);
        if (!of.isPrior() && of.ownSteps() == 0) {
            return Samplers.create(
                    schedule,
                    SamplerSpec.parse(json.get("sampler").asText()),
                    Span.whole(json.get("steps").asInt()));
        }
        int steps = of.isPrior() ? json.get("prior_steps").asInt() : of.ownSteps();
        return Samplers.create(schedule, SamplerSpec.parse(Samplers.defaultName(schedule)), Span.whole(steps));
    }

    /** Holds the rows of a call to those recorded, in the same order. */
    static void requireRows(List<float[]> rows, ReferenceFile tensors, String recorded) {
        float[] all = tensors.floats(recorded);
        for (int i = 0; i < rows.size(); i++) {
            requireClose(rows.get(i), part(all, i, rows.size()), recorded + " " + i);
        }
    }

    static float[] part(float[] rows, int row, int count) {
        int size = rows.length / count;
        return Arrays.copyOfRange(rows, row * size, (row + 1) * size);
    }
}
