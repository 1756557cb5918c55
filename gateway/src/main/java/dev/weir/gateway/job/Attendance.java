package dev.weir.gateway.job;

/** A job whose client is there to be told of it. Event loop of {@link Jobs}. */
public final class Attendance {

    private final String job;
    private final Runnable onLeave;

    public Attendance(String job, Runnable onLeave) {
        this.job = job;
        this.onLeave = onLeave;
    }

    /** The job's id. */
    public String job() {
        return job;
    }

    /** The client is gone: the job ends, or goes on without it, as was asked for. Nothing happens to one that is over. */
    public void leave() {
        onLeave.run();
    }
}
