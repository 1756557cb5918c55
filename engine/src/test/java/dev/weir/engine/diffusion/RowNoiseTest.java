package dev.weir.engine.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.Tensors;
import dev.weir.engine.noise.NoiseKind;
import dev.weir.engine.noise.NoiseStream;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.SchedulerConfig;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run draws its first sample and each step's noise from the kind of stream that its request names. */
class RowNoiseTest {

    private static final LatentShape SHAPE = new LatentShape(4, 12, 10);
    private static final long SEED = Long.parseUnsignedLong("18446744073709551615");
    private static final Sampler SAMPLER = Samplers.create(
            new SchedulerConfig(
                    Path.of("scheduler_config.json"),
                    "EulerAncestralDiscreteScheduler",
                    JsonNodeFactory.instance.objectNode()),
            "euler_ancestral",
            5);

    @ParameterizedTest
    @ValueSource(strings = {"cpu", "cuda", "cuda:1"})
    void aRunThatContinuesElsewhereDrawsTheSameNoise(String kind) {
        Row undisturbed = row(kind);
        Row moved = row(kind);
        while (!undisturbed.isDone()) {
            undisturbed.advance(List.of(new float[SHAPE.size()]));
            moved = row(kind).at(moved.state(), moved.noisePosition());
            moved.advance(List.of(new float[SHAPE.size()]));
        }

        assertThat(moved.state().sample()).containsExactly(undisturbed.state().sample());
    }

    @ParameterizedTest
    @ValueSource(strings = {"cuda", "cuda:1"})
    void anotherKindOfNoiseIsAnotherPicture(String kind) {
        assertThat(row(kind).state().sample()).isNotEqualTo(row("cpu").state().sample());
    }

    private static Row row(String kind) {
        NoiseStream noise = NoiseKind.parse(kind).stream(SEED);
        Tensors prompt = Tensors.of(Tensors.ENCODER_HIDDEN_STATES, HostTensor.of(new float[] {1}, 1, 1));
        return new Row(SAMPLER, RowStart.fromNoise(SAMPLER, SHAPE, noise), noise, Guider.none(prompt));
    }
}
