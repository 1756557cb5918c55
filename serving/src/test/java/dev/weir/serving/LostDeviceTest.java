package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.stage.Work;
import java.time.Duration;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Forwards that fail: once, because of a request, or always, because the device is lost. */
final class LostDeviceTest {

    private static final String ERROR = "CUDA error: unspecified launch failure";
    private static final int SAMPLES = 6;

    private final Results results = new Results();
    private IntConsumer onForward = rows -> {};
    private final FakeModel model = new FakeModel(rows -> onForward.accept(rows));
    private final SteppingStage stage = new SteppingStage(
            StageKind.DENOISER,
            model::open,
            List.of(FakeModel.FOLDER),
            new ComputeTarget("cuda:1", Precision.FP16),
            new SteppingStage.Limits(64, 4, Duration.ZERO));

    @Test
    void aDeviceThatIsLostGetsNoMoreWorkAndWhatItHeldMayBeDoneElsewhere() {
        openAndAdmit();
        stage.turn(results);
        onForward = rows -> {
            throw new IllegalStateException(ERROR);
        };
        assertThat(stage.turn(results)).isPositive();
        assertThat(stage.turn(results)).as("nothing is held any more").isZero();

        assertThat(results.failures).hasSize(SAMPLES).allSatisfy((key, failure) -> {
            assertThat(failure.code()).isEqualTo("step_failed");
            assertThat(failure.message()).contains(ERROR);
            assertThat(failure.retryable()).isTrue();
        });
        assertThat(stage.models())
                .extracting(ModelStatus::getProblem)
                .containsExactly("its network fails, even with a test input: " + ERROR);
        assertThat(stage.load().orElseThrow().rows()).isZero();

        stage.admit(work(77), results);
        assertThat(results.failures).hasSize(SAMPLES + 1);
    }

    @Test
    void aForwardThatFailsOnceFailsItsRowsAlone() {
        openAndAdmit();
        onForward = rows -> {
            if (rows > 1) {
                onForward = then -> {};
                throw new IllegalStateException("a request that the network does not take");
            }
        };
        while (stage.turn(results) > 0) {
            assertThat(results.failures).hasSizeLessThan(SAMPLES);
        }
        assertThat(stage.models()).extracting(ModelStatus::getProblem).containsExactly("");
        assertThat(results.failures).hasSize(2);
        assertThat(results.latents).hasSize(SAMPLES - 2);
    }

    @Test
    void aDeviceWithoutMemoryForATestInputIsNotLost() {
        openAndAdmit();
        onForward = rows -> {
            throw new IllegalStateException(rows > 1 ? ERROR : "CUDA out of memory");
        };
        stage.turn(results);
        assertThat(stage.models()).extracting(ModelStatus::getProblem).containsExactly("");
    }

    private void openAndAdmit() {
        stage.open();
        IntStream.range(0, SAMPLES).forEach(seed -> stage.admit(work(seed), results));
    }

    private static Work work(int seed) {
        return FakeModel.work("job " + seed, "user " + seed, Priority.STANDARD, 3, true, seed);
    }
}
