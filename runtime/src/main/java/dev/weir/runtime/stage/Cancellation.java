package dev.weir.runtime.stage;

import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Task;
import java.util.OptionalInt;

/**
 * Which attempts a {@link Cancel} ends. It never ends those of a later epoch: they belong to an owner that did not send
 * it.
 *
 * @param sample empty: every sample of the job
 * @param last the last attempt that is cancelled
 * @param owner whose attempts of that epoch are cancelled; empty: everybody's
 */
public record Cancellation(String job, OptionalInt sample, Attempt last, String owner) {

    private static final Attempt EVERY = new Attempt(Long.MAX_VALUE, Integer.MAX_VALUE);

    public static Cancellation of(Cancel cancel) {
        SampleRef ref = cancel.getSample();
        return cancel.hasSample()
                ? of(ref.getJobId(), OptionalInt.of(ref.getSample()), Attempt.of(ref), cancel.getOwner())
                : of(
                        cancel.getJobId(),
                        OptionalInt.empty(),
                        new Attempt(cancel.getEpoch(), cancel.getAttempt()),
                        cancel.getOwner());
    }

    private static Cancellation of(String job, OptionalInt sample, Attempt last, String owner) {
        return new Cancellation(job, sample, last.number() == 0 ? EVERY : last, owner);
    }

    public boolean covers(Task task) {
        Attempt attempt = Attempt.of(task.getRef());
        boolean isNamed = task.getRef().getJobId().equals(job)
                && sample.orElse(task.getRef().getSample()) == task.getRef().getSample();
        boolean isOthers = attempt.epoch() == last.epoch() && !owner.isEmpty() && !owner.equals(task.getOwner());
        return isNamed && attempt.compareTo(last) <= 0 && !isOthers;
    }

    /** The last attempt that is cancelled; {@link Attempt#NONE} if no attempt is late enough. */
    public Attempt newest() {
        return last.equals(EVERY) ? Attempt.NONE : last;
    }

    Cancellation or(Cancellation other) {
        return last.isBefore(other.last) ? other : this;
    }
}
