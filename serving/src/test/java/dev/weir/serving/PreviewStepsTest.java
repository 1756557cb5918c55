package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.Preview;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class PreviewStepsTest {

    @Test
    void countedFramesAreSpreadEvenlyAndLeaveOutTheLastStep() {
        assertThat(due(Preview.newBuilder().setCount(3).build(), 20)).containsExactly(5, 10, 15);
        assertThat(due(Preview.newBuilder().setCount(1).build(), 20)).containsExactly(10);
        assertThat(due(Preview.newBuilder().setCount(2).build(), 20)).containsExactly(7, 14);
    }

    @Test
    void asManyCountedFramesComeAsThereAreStepsBeforeTheLast() {
        assertThat(due(Preview.newBuilder().setCount(3).build(), 2)).containsExactly(1);
        assertThat(due(Preview.newBuilder().setCount(3).build(), 1)).isEmpty();
    }

    @Test
    void everySoManyStepsMeansMultiples() {
        assertThat(due(Preview.newBuilder().setEverySteps(4).build(), 12)).containsExactly(4, 8);
        assertThat(due(Preview.newBuilder().setEverySteps(1).build(), 4)).containsExactly(1, 2, 3);
    }

    @Test
    void noRuleMeansNoFrames() {
        assertThat(due(Preview.getDefaultInstance(), 50)).isEmpty();
    }

    @Test
    void everySoManyMillisecondsMeansTheFirstStepAndThenTheFirstAfterThatTime() {
        Preview preview = Preview.newBuilder().setEveryMs(100).build();
        assertThat(due(preview, 12, 40)).containsExactly(1, 4, 7, 10);
        assertThat(due(preview, 4, 500)).containsExactly(1, 2, 3);
    }

    @Test
    void aFrameByOneRuleCountsForTheTimeOfTheOther() {
        Preview preview = Preview.newBuilder().setEveryMs(100).setEverySteps(3).build();
        assertThat(due(preview, 10, 40)).containsExactly(1, 3, 6, 9);
    }

    private static List<Integer> due(Preview preview, int total) {
        return due(preview, total, 1);
    }

    private static List<Integer> due(Preview preview, int total, long stepMs) {
        PreviewSteps steps = new PreviewSteps(preview, total);
        return IntStream.rangeClosed(1, total)
                .filter(step -> steps.isDue(step, 1_000_000 * stepMs * step))
                .boxed()
                .toList();
    }
}
