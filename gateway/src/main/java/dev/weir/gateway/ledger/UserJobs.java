package dev.weir.gateway.ledger;

import dev.weir.gateway.job.Attendance;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.user.User;
import io.vertx.core.Future;
import java.util.List;
import java.util.function.Consumer;

/**
 * The jobs of one user: the only way for APIs to start and to find jobs. A job belongs to whoever has the key that started it, and
 * nobody else finds it, unless an administrator. Event loop of the gateway.
 */
public final class UserJobs {

    private final JobLedger ledger;
    private final User user;

    UserJobs(JobLedger ledger, User user) {
        this.ledger = ledger;
        this.user = user;
    }

    /**
     * Accepts a job for a client that stays connected.
     *
     * @param keep whether to keep the job even if the client stays to the end
     * @param onLost called when this gateway receives nothing more about it, though it may continue elsewhere
     * @throws dev.weir.gateway.job.RefusedException as {@link dev.weir.gateway.job.Jobs#submit}
     */
    public Attendance attend(JobSpec spec, boolean keep, Consumer<JobEvent> client, Runnable onLost) {
        return ledger.attend(own(spec), keep, client, onLost);
    }

    /** Sends a client the coming events of a job. */
    public Attendance attend(KeptJob job, Consumer<JobEvent> client, Runnable onLost) {
        return ledger.attend(job, client, onLost);
    }

    /**
     * Accepts a job that is queried later. Completes when the loss of one gateway cannot lose the job. Fails if nothing
     * was started.
     */
    public Future<KeptJob> submit(JobSpec spec) {
        return ledger.submit(own(spec));
    }

    /**
     * The same for a request with a key: the existing job of that key, if there is one. Each user has keys of its own.
     *
     * @param request a digest of the whole request
     */
    public Future<KeptJob> submit(JobSpec spec, String key, byte[] request) {
        return ledger.submit(own(spec), user.isKnown() ? user.name() + "/" + key : key, request);
    }

    private JobSpec own(JobSpec spec) {
        return user.isKnown() ? spec.by(user.name(), user.limited(spec.terms().priority())) : spec;
    }

    /**
     * Finds a job, whoever owns it. Fails with an {@link UnknownJobException}, also if it is a job of another user, or with a {@link
     * dev.weir.gateway.job.RefusedException} if nobody could answer.
     */
    public Future<KeptJob> find(String id) {
        return ledger.find(id)
                .compose(job -> user.sees(job.spec().user())
                        ? Future.succeededFuture(job)
                        : Future.failedFuture(new UnknownJobException(false)));
    }

    /**
     * The newest jobs of the user, whichever gateway owns them. A gateway without keys has one user. An administrator's list has only jobs
     * of the administrator.
     */
    public Future<List<KeptJob>> newest(int most) {
        return ledger.newest(job -> !user.isKnown() || job.spec().user().equals(user.name()), most);
    }

    /** Deletes a finished job that was found here, with its images. @return whether it was there and finished */
    public Future<Boolean> forget(String id) {
        return ledger.endings().forget(id);
    }

    /** Deletes the image of a sample of a job that was found here, and the job with its last image. @return whether there was one */
    public Future<Boolean> forget(String id, int sample) {
        return ledger.endings().forget(id, sample);
    }

    /** Cancels a job that was found or started here. @return whether there was something to cancel */
    public Future<Boolean> cancel(String id) {
        return ledger.endings().cancel(id);
    }

    /** The same for one sample. The others continue. */
    public Future<Boolean> cancel(String id, int sample) {
        return ledger.endings().cancel(id, sample);
    }
}
