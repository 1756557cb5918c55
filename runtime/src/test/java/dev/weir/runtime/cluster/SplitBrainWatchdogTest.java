package dev.weir.runtime.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.runtime.cluster.SplitBrainWatchdog.View;
import io.vertx.core.Future;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** On a virtual clock. */
class SplitBrainWatchdogTest {

    private static final View ALONE = new View(true, List.of());
    private static final InetSocketAddress GATEWAY = new InetSocketAddress("127.0.0.2", 5701);
    private static final InetSocketAddress DENOISER = new InetSocketAddress("127.0.0.3", 5701);
    private static final View TOGETHER = new View(false, List.of(GATEWAY, DENOISER));

    private final Queue<Runnable> looks = new ArrayDeque<>();
    private final List<Collection<InetSocketAddress>> asked = new ArrayList<>();
    private final List<String> lost = new ArrayList<>();
    private View view = TOGETHER;
    private Future<Boolean> answers = Future.succeededFuture(true);

    @BeforeEach
    void watch() {
        new SplitBrainWatchdog(
                        () -> view,
                        known -> {
                            asked.add(known);
                            return answers;
                        },
                        (ms, look) -> {
                            assertThat(ms).isEqualTo(SplitBrainWatchdog.LOOK_MS);
                            looks.add(look);
                        },
                        lost::add)
                .watch();
    }

    @Test
    void whoStaysAloneThoughOthersAnswerIsLostAfterAMinute() {
        pass(5);
        view = ALONE;
        pass(60);
        assertThat(lost).isEmpty();
        pass(5);
        assertThat(lost).singleElement().asString().contains("alone for 60 s");
        assertThat(asked).allSatisfy(known -> assertThat(known).containsExactlyInAnyOrder(GATEWAY, DENOISER));
        assertThat(looks).as("it is told once").isEmpty();
    }

    @Test
    void whoseNetworkIsCutOrWhoseOthersWereAllStoppedWaits() {
        pass(5);
        view = ALONE;
        answers = Future.succeededFuture(false);
        pass(3600);
        answers = Future.failedFuture("no name is known");
        pass(3600);

        assertThat(lost).isEmpty();
    }

    @Test
    void whoBeganAloneAsksNobody() {
        view = ALONE;
        pass(3600);

        assertThat(lost).isEmpty();
        assertThat(asked).isEmpty();
    }

    @Test
    void whoMergesBackInTimeBeginsAnew() {
        pass(5);
        for (int i = 0; i < 10; i++) {
            view = ALONE;
            pass(55);
            view = TOGETHER;
            pass(5);
        }

        assertThat(lost).isEmpty();
    }

    @Test
    void theTimeToMergeBackBeginsWhenOthersAnswer() {
        pass(5);
        view = ALONE;
        answers = Future.succeededFuture(false);
        pass(60);
        answers = Future.succeededFuture(true);
        pass(60);
        assertThat(lost).isEmpty();
        pass(5);
        assertThat(lost).hasSize(1);
    }

    @Test
    void ofTwoThatHaveLostEachOtherTheOlderWaitsTwiceAsLong() {
        view = new View(true, List.of(DENOISER));
        pass(5);
        view = ALONE;
        pass(120);
        assertThat(lost).isEmpty();
        pass(5);
        assertThat(lost).hasSize(1);
    }

    @Test
    void whomItMetLastIsRememberedLongest() {
        for (int port = 1; port <= 200; port++) {
            view = new View(false, List.of(new InetSocketAddress("127.0.0.4", port)));
            pass(5);
        }
        view = ALONE;
        pass(5);

        assertThat(asked).singleElement().satisfies(known -> assertThat(known)
                .hasSizeLessThan(100)
                .contains(new InetSocketAddress("127.0.0.4", 200))
                .doesNotContain(new InetSocketAddress("127.0.0.4", 1)));
    }

    private void pass(int seconds) {
        for (long ms = 0; ms < 1000L * seconds && !looks.isEmpty(); ms += SplitBrainWatchdog.LOOK_MS) {
            looks.remove().run();
        }
    }
}
