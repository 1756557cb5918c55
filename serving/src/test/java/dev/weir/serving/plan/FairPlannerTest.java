package dev.weir.serving.plan;

import static dev.weir.serving.plan.PriorityClass.BATCH;
import static dev.weir.serving.plan.PriorityClass.INTERACTIVE;
import static dev.weir.serving.plan.PriorityClass.STANDARD;
import static dev.weir.serving.plan.VirtualDevice.LARGE;
import static dev.weir.serving.plan.VirtualDevice.SMALL;
import static dev.weir.serving.plan.VirtualDevice.linear;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class FairPlannerTest {

    private final VirtualDevice device = new VirtualDevice();

    @BeforeEach
    void twoGroups() {
        device.group(SMALL, linear(4, 0.01));
        device.group(LARGE, linear(4, 0.1));
    }

    @Test
    void nothingToDoIsAPlan() {
        assertThat(device.step()).isEmpty();
    }

    @Test
    void aNewcomerJoinsTheNextForward() {
        int first = device.add(SMALL, "a", STANDARD, 2, 20);
        assertThat(device.step()).containsExactly(first);
        int second = device.add(SMALL, "b", STANDARD, 1, 8);
        assertThat(device.step()).containsExactlyInAnyOrder(first, second);
    }

    /** Such as a sample that is guided by a prompt and a picture. */
    @Test
    void aNewcomerOfThreeRowsJoinsTheNextForward() {
        device.add(SMALL, "a", STANDARD, 2, 20);
        device.add(SMALL, "a", STANDARD, 2, 20);
        device.step();
        int second = device.add(SMALL, "a", STANDARD, 3, 8);
        assertThat(device.step()).contains(second);
    }

    @Test
    void theMoreUrgentClassDisplacesWhatRuns() {
        int[] batch = {device.add(SMALL, "a", BATCH, 2, 20), device.add(SMALL, "a", BATCH, 2, 20)};
        device.step();
        int urgent = device.add(SMALL, "a", INTERACTIVE, 2, 20);
        PlanState<Integer> state = device.state();
        Plan<Integer> plan = new FairPlanner().plan(state);
        assertThat(plan.chosen()).extracting(PlanRow::key).containsExactly(urgent, batch[0]);
        assertThat(plan.preempted()).extracting(PlanRow::key).containsExactly(batch[1]);
    }

    @Test
    void aLowerClassIsServedNowAndThen() {
        int patient = device.add(SMALL, "a", BATCH, 2, 3);
        for (int forward = 0; device.holds(patient); forward++) {
            assertThat(forward).isLessThan(60);
            device.add(SMALL, "b", INTERACTIVE, 2, 1);
            device.add(SMALL, "b", INTERACTIVE, 2, 1);
            device.step();
        }
    }

    @Test
    void oneSlowMeasurementAgesNoClass() {
        StepCurve slowPairs = StepCurve.unknown(2).after(1, 0.001).after(2, 1);
        assertThat(slowPairs.cap()).isEqualTo(1);
        device.group(SMALL, slowPairs);
        int patient = device.add(SMALL, "a", BATCH, 2, 2);
        device.step();
        int urgent = device.add(SMALL, "b", INTERACTIVE, 2, 4);
        for (int forward = 0; forward < 4; forward++) {
            assertThat(device.step()).containsExactly(urgent);
        }
        assertThat(device.step()).containsExactly(patient);
    }

    @Test
    void amongOneUsersRowsTheEarlierDeadlineGoesFirst() {
        long now = device.nowMs();
        device.add(SMALL, "a", STANDARD, 2, 20, now + 90_000);
        int late = device.add(SMALL, "a", STANDARD, 2, 20, now + 70_000);
        int soon = device.add(SMALL, "a", STANDARD, 2, 20, now + 60_000);
        assertThat(device.step()).containsExactly(soon, late);
    }

    @Test
    void aRowThatCannotMeetItsDeadlineLetsThoseThatCanGoFirst() {
        long now = device.nowMs();
        device.add(SMALL, "a", STANDARD, 2, 1000, now + 1000);
        int first = device.add(SMALL, "a", STANDARD, 2, 20, now + 60_000);
        int second = device.add(SMALL, "a", STANDARD, 2, 20, now + 60_000);
        assertThat(device.step()).containsExactly(first, second);
    }

    /** Of its user and of others, where as many have begun as two forward passes hold. */
    @ParameterizedTest
    @CsvSource({"2, 1", "2, 2", "4, 3", "16, 16"})
    void aShortSampleDoesNotWaitForTheEndOfLongOnes(int cap, int users) {
        device.group(SMALL, linear(cap, 0.01));
        for (int i = 0; i < Math.max(users, cap); i++) {
            device.add(SMALL, "user " + i % users, STANDARD, 2, 1000);
        }
        forwards(50);
        List<Integer> shorts = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            shorts.add(device.add(SMALL, "user 0", STANDARD, 2, 5));
        }
        shorts.add(device.add(SMALL, "new", STANDARD, 2, 5));

        forwards(7 * 5 + 2);

        assertThat(device.finished).hasSize(shorts.size()).containsAll(shorts);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 5", "2, 1", "2, 2", "2, 5", "4, 1", "4, 2"})
    void aLongSampleYieldsWhileItCanSpareTheTime(int cap, int steps) {
        device.group(SMALL, linear(cap, 0.01));
        int patient = device.add(SMALL, "a", STANDARD, 2, 1000, device.nowMs() + 120_000);
        for (int forward = 0; device.holds(patient); forward++) {
            assertThat(forward).isLessThan(12_000);
            device.add(SMALL, "a", STANDARD, 2, steps, device.nowMs() + 120_000);
            device.step();
        }
        assertThat(device.nowMs()).isLessThan(120_000);
    }

    /** Also where they can only just be done in time. */
    @ParameterizedTest
    @CsvSource({"100", "900", "3600"})
    void longSamplesOfEqualWorkAreServedOneAfterAnother(int seconds) {
        device.group(SMALL, linear(2, 0.1));
        for (int i = 0; i < 4; i++) {
            device.add(SMALL, "a", STANDARD, 2, 1000, device.nowMs() + 1000L * seconds);
        }
        int switches = 0;
        List<Integer> last = List.of(0);
        while (!device.isIdle()) {
            List<Integer> now = device.step();
            switches += now.equals(last) ? 0 : 1;
            last = now;
        }
        assertThat(device.finished).containsExactly(0, 1, 2, 3);
        assertThat(switches).as("each also takes its first step early").isLessThan(12);
    }

    @Test
    void ofTwoSamplesThatCameTogetherTheShorterIsDoneFirst() {
        device.group(SMALL, linear(2, 0.1));
        device.add(SMALL, "a", STANDARD, 2, 1500, 900_000);
        int shorter = device.add(SMALL, "a", STANDARD, 2, 500, 900_000);
        forwards(502);
        assertThat(device.finished).containsExactly(shorter);
    }

    @Test
    void aFloodOfOneUserDoesNotKeepAnotherOut() {
        for (int i = 0; i < 100; i++) {
            device.add(SMALL, "flood", STANDARD, 1, 50);
        }
        device.step();
        int other = device.add(SMALL, "other", STANDARD, 1, 50);
        device.step();
        assertThat(device.step()).contains(other);
    }

    @Test
    void usersGetTheSameDeviceTimeHoweverTheirPicturesDiffer() {
        for (int i = 0; i < 400; i++) {
            device.add(SMALL, "guided", STANDARD, 2, 50);
            device.add(SMALL, "plain", STANDARD, 1, 8);
        }
        forwards(600);
        double guided = device.secondsByUser.get("guided");
        assertThat(device.secondsByUser.get("plain")).isCloseTo(guided, within(0.1 * guided));
    }

    @Test
    void aUserOfTwiceTheWeightGetsTwiceTheTime() {
        VirtualDevice weighted = new VirtualDevice(Map.of("paying", 2.0));
        weighted.group(SMALL, linear(4, 0.01));
        for (int i = 0; i < 400; i++) {
            weighted.add(SMALL, "paying", STANDARD, 1, 20);
            weighted.add(SMALL, "other", STANDARD, 1, 20);
        }
        for (int i = 0; i < 600; i++) {
            weighted.step();
        }
        double ratio = weighted.secondsByUser.get("paying") / weighted.secondsByUser.get("other");
        assertThat(ratio).isCloseTo(2, within(0.2));
    }

    @Test
    void groupsTakeTurnsByDeviceTime() {
        for (int i = 0; i < 100; i++) {
            device.add(SMALL, "a", STANDARD, 1, 50);
            device.add(LARGE, "b", STANDARD, 1, 50);
        }
        forwards(800);
        double large = device.secondsByGroup.get(LARGE);
        assertThat(device.secondsByGroup.get(SMALL)).isCloseTo(large, within(0.1 * large));
    }

    @Test
    void manyUsersWithOnePictureEachAreServedOneAfterAnother() {
        for (int i = 0; i < 40; i++) {
            device.add(SMALL, "user " + i, STANDARD, 1, 10);
        }
        forwards(12);
        assertThat(device.finished).containsExactlyInAnyOrder(0, 1, 2, 3);
    }

    @Test
    void whereTheForwardIsFullANewcomerTakesItsFirstStepBeforeThoseThatRun() {
        for (int i = 0; i < 4; i++) {
            device.add(SMALL, "user " + i, STANDARD, 1, 20);
        }
        device.step();
        int newcomer = device.add(SMALL, "new", STANDARD, 1, 20);
        assertThat(device.step()).containsExactlyInAnyOrder(newcomer, 0, 1, 2);
        assertThat(device.step()).containsExactlyInAnyOrder(0, 1, 2, 3);
    }

    @Test
    void noMoreBeginThanTwoForwardsHoldAndTheRestWaitInLine() {
        for (int i = 0; i < 40; i++) {
            device.add(SMALL, "user " + i, STANDARD, 1, 10);
        }
        for (int forward = 0; !device.isIdle(); forward++) {
            assertThat(forward).isLessThanOrEqualTo(100);
            device.step();
            assertThat(device.stepsDone.size() - device.finished.size()).isLessThanOrEqualTo(8);
        }
    }

    @Test
    void theNewcomersOfAUserWhoHadMoreThanOthersWaitTheirTurn() {
        int other = device.add(SMALL, "other", STANDARD, 1, 300);
        for (int i = 0; i < 200; i++) {
            device.add(SMALL, "flood", STANDARD, 1, 1);
        }
        forwards(20);
        assertThat(device.stepsDone.get(other)).isEqualTo(20);
    }

    @Test
    void aPairIsNotOvertakenForEverBySingles() {
        device.add(SMALL, "a", STANDARD, 1, 5);
        device.add(SMALL, "a", STANDARD, 1, 6);
        device.add(SMALL, "a", STANDARD, 1, 7);
        device.add(SMALL, "a", STANDARD, 1, 8);
        device.step();
        int pair = device.add(SMALL, "a", STANDARD, 2, 5);
        for (int forward = 0; device.holds(pair); forward++) {
            assertThat(forward).isLessThan(20);
            device.add(SMALL, "a", STANDARD, 1, 5);
            device.step();
        }
    }

    @Test
    void aPairThatIsPastTheCapRunsAlone() {
        device.group(SMALL, linear(1, 0.01));
        int pair = device.add(SMALL, "a", STANDARD, 2, 5);
        device.add(SMALL, "a", STANDARD, 1, 50);
        assertThat(device.step()).isEqualTo(List.of(pair));
    }

    @Test
    void aPairThatIsPastTheCapTakesItsFirstStepBeforeOneThatRuns() {
        device.group(SMALL, linear(1, 0.01));
        int first = device.add(SMALL, "a", STANDARD, 2, 20);
        device.step();
        int second = device.add(SMALL, "b", STANDARD, 2, 20);
        int third = device.add(SMALL, "c", STANDARD, 2, 20);
        assertThat(device.step()).containsExactly(second);
        forwards(19);
        assertThat(device.finished).containsExactly(first);
        assertThat(device.stepsDone).doesNotContainKey(third);
    }

    private void forwards(int count) {
        for (int i = 0; i < count; i++) {
            device.step();
        }
    }
}
