package dev.weir.bench.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class LatenciesTest {

    @Test
    void ranksAreOfAllAnswers() {
        List<Answer> answers = IntStream.rangeClosed(1, 20)
                .mapToObj(i -> new Answer(i / 10.0, i))
                .toList();
        assertThat(new Latencies(answers, 10).numbers())
                .containsEntry("images_per_s", 2.0)
                .containsEntry("p50_s", 10.0)
                .containsEntry("p95_s", 19.0)
                .containsEntry("p50_first_frame_s", 1.0)
                .containsEntry("p95_first_frame_s", 1.9);
    }

    @Test
    void aTraceIsTheSameForEachServerAndHasItsRate() {
        List<Ask> trace = Ask.poisson(0, 400, 20, 7);
        assertThat(trace).isEqualTo(Ask.poisson(0, 400, 20, 7));
        assertThat(trace.get(399).seconds()).isCloseTo(20, within(3.0));
        double steps = trace.stream().mapToInt(Ask::steps).average().orElseThrow();
        assertThat(steps / Ask.usual(0).steps()).isCloseTo(Ask.meanWork(), within(1e-9));
        assertThat(trace.stream().map(Ask::prompt).distinct()).hasSizeGreaterThan(280);
    }
}
