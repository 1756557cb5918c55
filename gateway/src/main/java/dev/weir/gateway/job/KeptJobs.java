package dev.weir.gateway.job;

import dev.weir.gateway.GatewayConfig.Limits;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The jobs that clients come back for. Those that are over are kept for a while, the oldest go first where there are too
 * many or too large ones; what was there once is remembered by name. Event loop of {@link Jobs}.
 */
public final class KeptJobs {

    private static final long SWEEP_MS = 500;
    private static final int NAMES = 10_000;

    private final Jobs jobs;
    private final Limits limits;
    private final Duration keep;
    private final Map<String, KeptJob> kept = new LinkedHashMap<>();
    private final Set<String> gone = new LinkedHashSet<>();

    /** @param keep how long a job that is over stays */
    public KeptJobs(Vertx vertx, Jobs jobs, Limits limits, Duration keep) {
        this.jobs = jobs;
        this.limits = limits;
        this.keep = keep;
        vertx.setPeriodic(SWEEP_MS, timer -> sweep());
    }

    /** @throws RefusedException as {@link Jobs#submit} */
    public KeptJob submit(JobSpec spec) {
        KeptJob job = new KeptJob(spec, System.currentTimeMillis());
        job.named(jobs.submit(spec, job::on).id());
        kept.put(job.id(), job);
        return job;
    }

    /**
     * Takes in a job for a client that stays to be told of it.
     *
     * @param keep whether it is kept even if the client stays to the end
     * @throws RefusedException as {@link Jobs#submit}
     */
    public Attendance attend(JobSpec spec, boolean keep, Consumer<JobEvent> client) {
        boolean finishes = spec.onDisconnect() == OnDisconnect.FINISH;
        if (!keep && !finishes) {
            String id = jobs.submit(spec, client).id();
            return new Attendance(id, () -> jobs.cancel(id));
        }
        KeptJob job = submit(spec);
        job.watch(client);
        return new Attendance(job.id(), () -> {
            job.unwatch(client);
            if (!finishes) {
                jobs.cancel(job.id());
            }
        });
    }

    public Optional<KeptJob> find(String id) {
        return Optional.ofNullable(kept.get(id));
    }

    /** Whether a job of this name was here, and was let go. */
    public boolean wasHere(String id) {
        return gone.contains(id);
    }

    public int size() {
        return kept.size();
    }

    private void sweep() {
        long now = System.currentTimeMillis();
        long bytes = kept.values().stream().mapToLong(KeptJob::pictureBytes).sum();
        long over = kept.values().stream().filter(KeptJob::isOver).count();
        for (Iterator<KeptJob> oldestFirst = kept.values().iterator(); oldestFirst.hasNext(); ) {
            KeptJob job = oldestFirst.next();
            boolean tooMuch = over > limits.keptJobs() || bytes > limits.keptBytes();
            if (job.isOver() && (tooMuch || now - job.endedMs() >= keep.toMillis())) {
                oldestFirst.remove();
                over--;
                bytes -= job.pictureBytes();
                forget(job.id());
            }
        }
    }

    private void forget(String id) {
        gone.add(id);
        if (gone.size() > NAMES) {
            Iterator<String> oldest = gone.iterator();
            oldest.next();
            oldest.remove();
        }
    }
}
