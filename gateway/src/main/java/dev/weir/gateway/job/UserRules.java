package dev.weir.gateway.job;

/** What the users of a gateway may have, by the names in jobs. Event loop of {@link Jobs}. */
public interface UserRules {

    /** Of a gateway that is open to all. */
    UserRules NONE = new UserRules() {
        @Override
        public double weight(String user) {
            return 0;
        }

        @Override
        public void admit(JobSpec spec, int inFlight) {}
    };

    /** The share of a stage's time; 0 if the gateway says nothing about it. */
    double weight(String user);

    /**
     * Counts a job, if its user may have it.
     *
     * @param inFlight the user's unfinished images at all gateways
     * @throws RefusedException if the user has had too much
     */
    void admit(JobSpec spec, int inFlight);
}
