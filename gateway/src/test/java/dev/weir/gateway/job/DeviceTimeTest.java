package dev.weir.gateway.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.gateway.job.Demand.Work;
import dev.weir.gateway.job.DeviceTime.Group;
import dev.weir.gateway.job.DeviceTime.Pass;
import dev.weir.gateway.job.DeviceTime.Turn;
import dev.weir.gateway.job.DeviceTime.UnknownWork;
import org.junit.jupiter.api.Test;

/** Forward passes take a second and have one row, so that a sample of ten passes takes ten seconds. */
final class DeviceTimeTest {

    private static final Pass PASS = new Pass(1, 1, 1);

    private final DeviceTime device = new DeviceTime(new UnknownWork(0, 0), 2);

    @Test
    void workOfAnotherModelAtAnotherTimeDelaysNothing() {
        Turn first = enter("a", 0, 10, 0);
        Turn later = enter("b", 0, 10, 100);
        Turn last = enter("a", 0, 10, 200);

        assertThat(device.done(first)).isEqualTo(10);
        assertThat(device.done(later)).isEqualTo(110);
        assertThat(device.done(last)).isEqualTo(210);
    }

    @Test
    void aLowerClassWaitsForUrgentWorkAndForNoMoreThanFifteenPassesBeforeEachOfItsOwn() {
        enter("a", 0, 1000, 0);
        Turn two = enter("b", 1, 2, 0);
        Turn many = enter("c", 1, 500, 2000);

        assertThat(device.done(two)).isEqualTo(2 + 2 * 15);
        assertThat(device.done(many)).isEqualTo(2500);
        enter("d", 0, 100, 2000);
        assertThat(device.done(many)).isEqualTo(2600);
    }

    private Turn enter(String model, int rank, int passes, double ready) {
        Work work = new Work("denoiser", Phase.FIRST_DIFFUSION, passes, 1, 1);
        return device.enter(new Group(model, 1), rank, "", work, PASS, ready);
    }
}
