package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.pipeline.StageSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A base of guided diffusion with an upsampler, converted: the second stage is held to the published code. */
class GuidedUpsamplingReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("adm/io.safetensors");
    private static final String NAME = "upsampled";
    private static final LatentShape SHAPE = new LatentShape(3, 16, 16);

    @TempDir
    Path temporary;

    /** Each step as another node continues it: from the request, and where the run is. */
    @ParameterizedTest
    @EnumSource(Engine.class)
    void eachStepIsTheReferences(Engine engine) {
        ModelFolder model = converted();
        StageSpec stage = stage(model);
        JsonNode json = ReferenceCases.of("adm/cases.json")
                .filter(one -> one.get("name").asText().equals(NAME))
                .findFirst()
                .orElseThrow();
        Tensors given = Tensors.of("latent", HostTensor.of(small(), 3, 8, 8));
        OptionalInt label = OptionalInt.of(json.get("class_label").asInt());
        float[] recorded = TENSORS.floats(NAME + "/steps");
        List<Integer> left =
                new ArrayList<>(StreamSupport.stream(json.get("recorded").spliterator(), false)
                        .map(JsonNode::asInt)
                        .toList());
        try (Denoiser network = model.network(stage, target(engine))) {
            int steps = json.get("steps").asInt();
            Row row = WordlessRows.of(model, stage, network, SHAPE, "ddpm", steps, label, 1, given);
            for (int step = 0, next = 0; step < steps; step++) {
                row = WordlessRows.of(model, stage, network, SHAPE, "ddpm", steps, label, 1, given)
                        .at(row.state(), row.noisePosition());
                StepBatch.advance(network, SHAPE, List.of(row));
                if (left.remove((Integer) step)) {
                    requireClose(
                            row.state().sample(),
                            Arrays.copyOfRange(recorded, next * SHAPE.size(), ++next * SHAPE.size()),
                            "step " + step);
                }
            }
            assertThat(left).as("steps that were not made").isEmpty();
            assertThat(row.isDone()).isTrue();
            Tensors large = Tensors.of("latent", HostTensor.of(new float[SHAPE.size()], 3, 16, 16));
            assertThatThrownBy(() -> WordlessRows.of(model, stage, network, SHAPE, "ddpm", 2, label, 1, large))
                    .hasMessageContaining("is not 2 times as large");
        }
    }

    @Test
    void picturesOfBothSizesAreMade() {
        ModelFolder model = converted();
        assertThat(model.card().upsampleFactor()).isEqualTo(2);
        assertThat(model.pipeline().workflows())
                .extracting(workflow -> workflow.sizes().usual())
                .containsExactly(8, 16);
        assertThat(stage(model).ownSteps()).isEqualTo(250);
    }

    @Test
    void anUpsamplerOfOtherPicturesIsRefused() throws IOException {
        converted();
        Path config = temporary.resolve("cascade/upsampler/unet/config.json");
        TestModels.edit(config, "\"sample_size\" : 16", "\"sample_size\" : 20");
        assertThatThrownBy(() -> ModelFolder.open(temporary.resolve("cascade")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("sample_size is 20");
    }

    /** As the reference had it, between two levels: it is cut to the one below, of which there are 127.5 for each 1. */
    private static float[] small() {
        float[] small = TENSORS.floats(NAME + "/low_res");
        for (int i = 0; i < small.length; i++) {
            small[i] += 0.002f;
        }
        return small;
    }

    private static StageSpec stage(ModelFolder model) {
        return model.pipeline().diffusing().get(1);
    }

    private ModelFolder converted() {
        Path out = temporary.resolve("cascade");
        Path upsampler = GuidedDiffusionFiles.write(temporary, "upsampler");
        Conversion.of(
                        GuidedDiffusionFiles.write(temporary, "base"),
                        out,
                        false,
                        GuidedDiffusionFiles.cascade(upsampler, false))
                .write(bytes -> {});
        return ModelFolder.open(out);
    }

    private static ComputeTarget target(Engine engine) {
        return new ComputeTarget("cpu", Precision.FP32, engine);
    }
}
