package dev.weir.runtime.ops;

import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HealthTest {

    private final Health health = new Health(Duration.ofSeconds(1));
    private final List<String> drained = new ArrayList<>();

    @Test
    void aNodeIsAliveUntilADeviceStandsStillBeyondTheLimit() {
        Part device = new Part("denoiser", 1);
        health.add(device);
        device.stalledMs = 1000;
        assertThat(health.stalls()).isEmpty();
        device.stalledMs = 1001;

        assertThat(health.stalls()).containsExactly("denoiser made no progress for 1001 ms");
        device.slowness = 2;
        assertThat(health.stalls()).isEmpty();
    }

    @Test
    void aNodeIsReadyWhenItIsStartedAndEveryPartIs() {
        Part part = new Part("decoder", 1);
        health.add(part);
        assertThat(health.unready()).containsExactly("starting");
        health.started();
        assertThat(health.unready()).isEmpty();
        part.ready = false;
        assertThat(health.unready()).containsExactly("decoder is not ready");
        health.remove(part);
        assertThat(health.unready()).isEmpty();
    }

    @Test
    void ofTwoDevicesOneIsEnough() {
        Part first = new Part("denoiser", 1);
        Part second = new Part("denoiser", 1);
        health.add(first);
        health.add(second);
        health.started();
        assertThat(health.remarks()).isEmpty();
        second.ready = false;
        assertThat(health.unready()).isEmpty();
        assertThat(health.remarks()).containsExactly("denoiser: 1 of 2 devices work");
        first.ready = false;
        assertThat(health.unready()).containsExactly("denoiser is not ready");
    }

    @Test
    void ownersOfJobsAreDrainedBeforeTheStagesThatTheyNeed() throws Exception {
        Part stage = new Part("denoiser", 1);
        Part owner = new Part("gateway", 0);
        health.add(stage);
        health.add(owner);

        Future<Void> all = health.drain(Duration.ofSeconds(10));
        assertThat(drained).containsExactly("gateway");
        assertThat(health.unready()).containsExactly("draining");
        owner.end.fail("it could not");
        stage.end.complete();

        get(all);
        assertThat(drained).containsExactly("gateway", "denoiser");
    }

    @Test
    void aNodeThatIsOfNoMoreUseSaysWhyAndIsNeitherAliveNorReady() throws Exception {
        health.started();
        assertThat(health.failed().isComplete()).isFalse();
        health.fail("the data is lost");
        health.fail("and more");

        assertThat(get(health.failed())).isEqualTo("the data is lost");
        assertThat(health.stalls()).containsExactly("the data is lost");
        assertThat(health.unready()).containsExactly("the data is lost");
    }

    private final class Part implements Component {
        final String name;
        final int order;
        final Promise<Void> end = Promise.promise();
        boolean ready = true;
        long stalledMs;
        int slowness = 1;

        Part(String name, int order) {
            this.name = name;
            this.order = order;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public boolean ready() {
            return ready;
        }

        @Override
        public long stalledMs() {
            return stalledMs;
        }

        @Override
        public Duration stallLimit(Duration usual) {
            return usual.multipliedBy(slowness);
        }

        @Override
        public int drainOrder() {
            return order;
        }

        @Override
        public Future<Void> drain(Duration deadline) {
            drained.add(name);
            return end.future();
        }
    }
}
