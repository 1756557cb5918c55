package dev.weir.engine.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.Tensors;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.sampler.NoiseSchedule;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.SchedulerConfig;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The starts of the reference's whole pipelines, base and upsampler. */
class RowStartReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("pipeline/pipeline.safetensors");

    static Stream<Named<JsonNode>> pictures() {
        JsonNode pictures = ReferenceFile.json("pipeline/pipeline.json");
        return StreamSupport.stream(pictures.spliterator(), false)
                .map(picture -> Named.of(picture.get("name").asText(), picture));
    }

    static Stream<Named<JsonNode>> cascades() {
        return pictures().filter(picture -> picture.getPayload().has("upsampler"));
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void aRunStartsFromTheSeedsNoise(JsonNode picture) {
        Sampler sampler = sampler(picture.get("checkpoint").asText() + "/scheduler", picture);
        var noise = new TorchGenerator(picture.get("seed").longValue());

        RowStart start = RowStart.fromNoise(sampler, shape(picture), noise);

        assertThat(start.inputs()).isEqualTo(Tensors.NONE);
        requireClose(start.state().sample(), TENSORS.floats(picture.get("name").asText() + "/initial"));
    }

    @ParameterizedTest
    @MethodSource("cascades")
    void anUpsamplerStartsFromTheBasesLatentWithNoise(JsonNode picture) {
        String name = picture.get("name").asText();
        String folder = picture.get("checkpoint").asText() + "/upsampler/scheduler";
        JsonNode upsampler = picture.get("upsampler");
        int level = upsampler.get("noise_level").intValue();
        var noise = new TorchGenerator(picture.get("seed").longValue());

        RowStart start = RowStart.upsampling(
                sampler(folder, upsampler),
                NoiseSchedule.of(config(folder)),
                shape(picture),
                TENSORS.floats(name + "/base"),
                2,
                level,
                noise);

        assertThat(start.inputs().get("class_labels").number()).isEqualTo(level);
        requireClose(start.inputs().get("concat").values(), TENSORS.floats(name + "/low"));
        requireClose(start.state().sample(), TENSORS.floats(name + "/initial_high"));
    }

    private static Sampler sampler(String folder, JsonNode run) {
        String name = run.get("sampler").asText();
        return Samplers.create(
                config(folder),
                name.equals("euler_a") ? "euler_ancestral" : name,
                run.get("steps").intValue());
    }

    private static SchedulerConfig config(String folder) {
        return SchedulerConfig.read(ReferenceFile.path("checkpoints/" + folder + "/scheduler_config.json"));
    }

    private static LatentShape shape(JsonNode picture) {
        JsonNode sides = picture.get("latent");
        return new LatentShape(4, sides.get(0).intValue(), sides.get(1).intValue());
    }

    private static void requireClose(float[] ours, float[] theirs) {
        float scale = 1;
        for (float value : theirs) {
            scale = Math.max(scale, Math.abs(value));
        }
        assertThat(ours).containsExactly(theirs, within(1e-6f * scale));
    }
}
