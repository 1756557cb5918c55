package dev.weir.gateway.job;

import dev.weir.gateway.GatewayConfig.Memory;
import dev.weir.runtime.Loop;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The jobs that clients come back for, as far as this gateway knows them. Finished jobs are kept for a while. If there
 * are too many or too large ones, the oldest are dropped first. Event loop of the gateway.
 */
public final class KeptJobs {

    private static final long SWEEP_MS = 500;

    private final Loop loop;
    private final Memory limits;
    private final Duration keep;
    private final Consumer<KeptJob> onForgotten;
    private final Map<String, KeptJob> kept = new LinkedHashMap<>();

    /**
     * @param keep how long a finished job is kept
     * @param onForgotten called with each dropped job
     */
    public KeptJobs(Loop loop, Memory limits, Duration keep, Consumer<KeptJob> onForgotten) {
        this.loop = loop;
        this.limits = limits;
        this.keep = keep;
        this.onForgotten = onForgotten;
        loop.every(SWEEP_MS, this::sweep);
    }

    public void add(KeptJob job) {
        kept.put(job.id(), job);
    }

    public void remove(String id) {
        kept.remove(id);
    }

    public Optional<KeptJob> find(String id) {
        return Optional.ofNullable(kept.get(id));
    }

    public Set<String> ids() {
        return Set.copyOf(kept.keySet());
    }

    public int size() {
        return kept.size();
    }

    private void sweep() {
        long now = loop.nowMs();
        long bytes = kept.values().stream().mapToLong(KeptJob::bytes).sum();
        long over = kept.values().stream().filter(KeptJob::isOver).count();
        for (Iterator<KeptJob> oldestFirst = kept.values().iterator(); oldestFirst.hasNext(); ) {
            KeptJob job = oldestFirst.next();
            boolean tooMuch = over > limits.keptJobs() || bytes > limits.keptBytes();
            if (job.isOver() && (tooMuch || now - job.endedMs() >= keep.toMillis())) {
                oldestFirst.remove();
                over--;
                bytes -= job.bytes();
                onForgotten.accept(job);
            }
        }
    }
}
