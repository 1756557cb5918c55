package dev.weir.gateway.job;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.function.ToDoubleFunction;

/** What the gateway counts of its jobs. Any thread. */
final class JobMetrics {

    private final MeterRegistry registry;

    JobMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    void watch(Jobs jobs, ToDoubleFunction<Jobs> jobsInFlight, ToDoubleFunction<Jobs> samplesInFlight) {
        registry.gauge("weir.gateway.jobs", jobs, jobsInFlight);
        registry.gauge("weir.gateway.samples", jobs, samplesInFlight);
    }

    /** @param outcome completed, failed or cancelled */
    void ended(String outcome, long milliseconds) {
        Timer.builder("weir.gateway.sample")
                .description("From a job's submission to the end of a sample")
                .tag("outcome", outcome)
                .publishPercentileHistogram()
                .minimumExpectedValue(Duration.ofMillis(100))
                .maximumExpectedValue(Duration.ofMinutes(10))
                .register(registry)
                .record(Duration.ofMillis(milliseconds));
    }

    void restarted(String reason) {
        registry.counter("weir.gateway.restarts", "reason", reason).increment();
    }

    void refused(String code) {
        registry.counter("weir.gateway.refused", "code", code).increment();
    }

    /** An event of an older attempt, of a job that is over, or repeated. */
    void stale() {
        registry.counter("weir.gateway.stale.events").increment();
    }
}
