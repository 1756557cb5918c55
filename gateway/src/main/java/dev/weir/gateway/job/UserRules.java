package dev.weir.gateway.job;

import java.util.function.IntSupplier;

/** The limits and weights of users, by the names in jobs. Event loop of {@link Jobs}. */
public interface UserRules {

    /** Of a gateway that is open to all. */
    UserRules NONE = new UserRules() {
        @Override
        public double weight(String user) {
            return 0;
        }

        @Override
        public void admit(JobSpec spec, IntSupplier inFlight) {}

        @Override
        public void takeBack(JobSpec spec, long admittedMs) {}

        @Override
        public void usersChanged() {}
    };

    /** The share of a stage's time; 0 if the gateway says nothing about it. */
    double weight(String user);

    /**
     * Counts a job, if the limits of its user allow it.
     *
     * @param inFlight the user's unfinished images at all gateways
     * @throws RefusedException if a limit is reached
     */
    void admit(JobSpec spec, IntSupplier inFlight);

    /** Reverses {@link #admit} for a job that cannot begin. */
    void takeBack(JobSpec spec, long admittedMs);

    /** There may be other users, or other limits, than before. */
    void usersChanged();
}
