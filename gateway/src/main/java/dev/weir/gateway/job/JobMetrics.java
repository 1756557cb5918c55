package dev.weir.gateway.job;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** The gateway's metrics about its jobs. Any thread. */
final class JobMetrics {

    private static final List<String> OUTCOMES = List.of("completed", "failed", "cancelled");

    private final MeterRegistry registry;

    private final Counter stale;

    JobMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.stale = counter("weir.gateway.stale.events", "Events of older attempts or of jobs that are over, dropped")
                .register(registry);
        // So that a rate of failures is 0 and not unknown before the first failure.
        OUTCOMES.forEach(this::samples);
    }

    void watch(Jobs jobs, ToDoubleFunction<Jobs> jobsInFlight, ToDoubleFunction<Jobs> samplesInFlight) {
        Gauge.builder("weir.gateway.jobs", jobs, jobsInFlight)
                .description("Jobs in flight")
                .register(registry);
        Gauge.builder("weir.gateway.samples", jobs, samplesInFlight)
                .description("Samples in flight")
                .register(registry);
    }

    /** @param outcome completed, failed or cancelled */
    void ended(String outcome, long milliseconds) {
        samples(outcome).record(Duration.ofMillis(milliseconds));
    }

    private Timer samples(String outcome) {
        return Timer.builder("weir.gateway.sample")
                .description("From a job's submission to the end of a sample")
                .tag("outcome", outcome)
                .publishPercentileHistogram()
                .minimumExpectedValue(Duration.ofMillis(100))
                .maximumExpectedValue(Duration.ofMinutes(10))
                .register(registry);
    }

    void restarted(String reason) {
        counter("weir.gateway.restarts", "New attempts at samples, by what ended the one before")
                .tag("reason", reason)
                .register(registry)
                .increment();
    }

    void refused(String code) {
        counter("weir.gateway.refused", "Jobs that were not taken in, by the code of the answer")
                .tag("code", code)
                .register(registry)
                .increment();
    }

    void stale() {
        stale.increment();
    }

    private static Counter.Builder counter(String name, String description) {
        return Counter.builder(name).description(description);
    }
}
