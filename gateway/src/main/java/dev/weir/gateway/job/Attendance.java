package dev.weir.gateway.job;

/** A job with a connected client. Event loop of {@link Jobs}. */
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

    /** The client has disconnected: the job ends or continues, as requested. A finished job does not change. */
    public void leave() {
        onLeave.run();
    }
}
