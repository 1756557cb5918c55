package dev.weir.tests.stages;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Warning;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Work;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** Records a stage's output, by sample. Ends of samples may come from any thread. */
final class RecordingOutbox implements Outbox {

    /** Every call in order, as "job/0 step 3 of 4". */
    final List<String> calls = Collections.synchronizedList(new ArrayList<>());

    final Map<String, Map<String, Tensor>> handedOn = new LinkedHashMap<>();
    final Map<String, EncodedImage> finished = Collections.synchronizedMap(new LinkedHashMap<>());
    final Map<String, List<EncodedImage>> frames = new ConcurrentHashMap<>();
    final Map<String, Failure> failures = Collections.synchronizedMap(new LinkedHashMap<>());
    final Map<String, List<Warning>> warnings = new LinkedHashMap<>();
    final Map<String, List<Snapshot>> checkpoints = new LinkedHashMap<>();

    /** The thread that ended a sample or frame. */
    final Map<String, String> endedBy = new ConcurrentHashMap<>();

    private final Set<Work> running = ConcurrentHashMap.newKeySet();

    /** What was started and has not ended. */
    Set<Work> running() {
        return Set.copyOf(running);
    }

    private void ended(Work work) {
        endedBy.put(work.key().toString(), Thread.currentThread().getName());
        running.remove(work);
    }

    @Override
    public void started(Work work) {
        calls.add(work.key() + " started");
        running.add(work);
    }

    @Override
    public void progress(Work work, int step, int total, double stepSeconds) {
        calls.add("%s step %d of %d".formatted(work.key(), step, total));
    }

    @Override
    public void previewLatent(Work work, int step, int total, Tensor latent) {
        calls.add("%s preview %d of %d".formatted(work.key(), step, total));
    }

    @Override
    public void lookedUp(int hits, int misses) {
        calls.add("%d remembered, %d not".formatted(hits, misses));
    }

    @Override
    public void frame(Work work, int step, int total, EncodedImage image) {
        calls.add("%s frame %d of %d".formatted(work.key(), step, total));
        frames.computeIfAbsent(work.key().toString(), key -> new ArrayList<>()).add(image);
        ended(work);
    }

    @Override
    public void checkpoint(Work work, Supplier<Snapshot> snapshot) {
        checkpoints
                .computeIfAbsent(work.key().toString(), key -> new ArrayList<>())
                .add(snapshot.get());
    }

    @Override
    public void warn(Work work, Warning warning) {
        warnings.computeIfAbsent(work.key().toString(), key -> new ArrayList<>())
                .add(warning);
    }

    @Override
    public void handOn(Work work, List<Tensor> tensors) {
        calls.add(work.key() + " handed on");
        running.remove(work);
        Map<String, Tensor> byName = new LinkedHashMap<>();
        tensors.forEach(tensor -> byName.put(tensor.name(), tensor));
        handedOn.put(work.key().toString(), byName);
    }

    @Override
    public void finish(Work work, EncodedImage image) {
        calls.add(work.key() + " finished");
        finished.put(work.key().toString(), image);
        ended(work);
    }

    @Override
    public void fail(Work work, Failure failure) {
        calls.add(work.key() + " failed");
        failures.put(work.key().toString(), failure);
        ended(work);
    }
}
