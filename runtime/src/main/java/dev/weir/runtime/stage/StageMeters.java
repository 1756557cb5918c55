package dev.weir.runtime.stage;

import dev.weir.proto.v1.NodeStatus;
import dev.weir.runtime.bus.Addresses;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * The measurements of a stage: its metrics, and the means from which the backlog is computed. The device thread writes
 * the means and the event loop reads them. The rest may be used from any thread.
 */
final class StageMeters {

    /** The weight of the newest turn in the means. */
    private static final double NEWEST = 0.2;

    private final MeterRegistry metrics;
    private final String stage;
    private final String unit;
    private final Timer step;
    private final Timer queue;
    private final DistributionSummary batchRows;
    private final Counter finished;
    private final Counter droppedFrames;
    private final Counter preemptions;
    private final Counter moved;
    private volatile double meanStepSeconds;
    private volatile double meanSamples;
    private volatile int lastRows;

    /** @param unit of the process's devices; stages of one kind share all metrics but the gauges */
    StageMeters(MeterRegistry metrics, Stage stage, int unit) {
        this.metrics = metrics;
        this.unit = Integer.toString(unit);
        this.stage = Addresses.name(stage.kind());
        this.step = timer("weir.stage.step", "One turn of the device, from the choice of rows to what came of them");
        this.queue = timer("weir.stage.queue", "From acceptance until the device begins");
        this.batchRows = DistributionSummary.builder("weir.stage.batch.rows")
                .description("Rows that shared a forward")
                .serviceLevelObjectives(1, 2, 4, 8, 16, 32, 64)
                .tag("stage", this.stage)
                .register(metrics);
        this.finished = counter("weir.stage.finished", "Samples that the stage finished or handed on");
        this.preemptions = counter(
                "weir.stage.preemptions",
                "Samples that lost their place in the batch to more urgent or less served ones");
        this.moved = counter("weir.stage.moved", "Samples given to nodes with less to do");
        this.droppedFrames =
                counter("weir.stage.frames.dropped", "Frames of emerging images for which there was no room");
    }

    private Counter counter(String name, String description, String... tags) {
        return Counter.builder(name)
                .description(description)
                .tag("stage", stage)
                .tags(tags)
                .register(metrics);
    }

    /** One for what the stage computes with, so that dashboards can tell engines apart. */
    void computesOn(Target target) {
        Gauge.builder("weir.stage.engine", () -> 1)
                .description("Always 1: the labels say what the stage computes with")
                .tag("stage", stage)
                .tag("unit", unit)
                .tag("device", target.device())
                .tag("precision", target.precision())
                .tag("engine", target.engine())
                .tag("instructions", target.instructionSet())
                .register(metrics);
    }

    /** @param status the stage's last published status; the table itself belongs to the event loop */
    void watch(InFlightTable inFlight, Supplier<NodeStatus> status) {
        gauge(
                "weir.stage.held",
                "Samples held, those that wait for the device or for the next stage included",
                () -> inFlight.capacity() - inFlight.freeCredits());
        gauge("weir.stage.capacity", "Samples that may be held at once", () -> status.get()
                .getCapacity());
        gauge("weir.stage.waiting", "Samples held that the device has not begun with", () -> status.get()
                .getWaiting());
        gauge("weir.stage.running", "Samples that the device works on", () -> status.get()
                .getRunning());
        gauge("weir.stage.backlog.seconds", "Seconds until all that is held is through, an estimate", () -> status.get()
                .getBacklogSeconds());
    }

    private void gauge(String name, String description, Supplier<Number> value) {
        Gauge.builder(name, value)
                .description(description)
                .tag("stage", stage)
                .tag("unit", unit)
                .register(metrics);
    }

    /** @param samples that made progress; fewer than rows if a sample has two rows because of guidance */
    void turn(int rows, int samples, long nanos) {
        step.record(Duration.ofNanos(nanos));
        batchRows.record(rows);
        lastRows = rows;
        meanSamples = mean(meanSamples, samples);
        meanStepSeconds = mean(meanStepSeconds, nanos / 1e9);
    }

    void forward(Forward forward) {
        String rows = Integer.toString(Integer.highestOneBit(forward.rows()));
        timer(
                        "weir.stage.forward",
                        "One forward of the network, by shape and by rows: at least these, fewer than twice",
                        "shape",
                        forward.shape(),
                        "rows",
                        rows)
                .record(Duration.ofNanos((long) (forward.seconds() * 1e9)));
        forward.rowsByClass().forEach((priority, count) -> counter(
                        "weir.stage.rows", "Network rows by priority class", "class", priority)
                .increment(count));
        preemptions.increment(forward.preempted());
    }

    void lookedUp(int hits, int misses) {
        lookups("hit").increment(hits);
        lookups("miss").increment(misses);
    }

    private Counter lookups(String result) {
        return counter(
                "weir.stage.cache", "Inputs whose results were remembered, and those that were not", "result", result);
    }

    void queued(double seconds) {
        queue.record(Duration.ofNanos((long) (seconds * 1e9)));
    }

    void finished() {
        finished.increment();
    }

    void moved() {
        moved.increment();
    }

    void frameDropped() {
        droppedFrames.increment();
    }

    void failed(String code) {
        counter("weir.stage.failures", "Samples that failed at the stage", "code", code)
                .increment();
    }

    double stepSeconds() {
        return meanStepSeconds;
    }

    int lastRows() {
        return lastRows;
    }

    long finishedCount() {
        return (long) finished.count();
    }

    /**
     * The estimated seconds until everything that is held now is done: the remaining forward passes, divided by the
     * mean number of samples per pass, times the mean time of a pass. It assumes that future batches are like past
     * ones.
     */
    double backlogSeconds(int forwardsLeft) {
        return forwardsLeft / Math.max(1, meanSamples) * meanStepSeconds;
    }

    private Timer timer(String name, String description, String... tags) {
        return Timer.builder(name)
                .description(description)
                .serviceLevelObjectives(
                        Duration.ofMillis(10),
                        Duration.ofMillis(50),
                        Duration.ofMillis(200),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(20))
                .tag("stage", stage)
                .tags(tags)
                .register(metrics);
    }

    private static double mean(double before, double newest) {
        return before == 0 ? newest : before + NEWEST * (newest - before);
    }
}
