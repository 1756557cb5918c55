package dev.weir.gateway.user;

import dev.weir.proto.v1.Priority;

/**
 * Whoever has an API key. Immutable.
 *
 * @param name of the key; the jobs of a user are found by it. Empty for the clients of a gateway without keys
 * @param weight the share of a stage's time; 1 is usual
 * @param mostUrgent more urgent requests have this priority instead
 */
public record User(String name, Role role, double weight, Priority mostUrgent, Allowance allowance) {

    /** What a key is for. */
    public enum Role {
        /** Makes images, and sees only jobs of its own. */
        USER,
        /** Also sees and cancels the jobs of others. */
        ADMIN,
        /** Reads {@code /metrics} and the state of the cluster, and nothing else. */
        METRICS
    }

    /** Every client of a gateway without keys. */
    public static final User ANYONE = new User("", Role.ADMIN, 1, Priority.INTERACTIVE, Allowance.UNLIMITED);

    /** Whether it is the user of a key. */
    public boolean isKnown() {
        return !name.isEmpty();
    }

    /** @param owner the name of a job's user */
    public boolean sees(String owner) {
        return role == Role.ADMIN || owner.equals(name);
    }

    /** The priority of a request that asks for one. */
    public Priority limited(Priority asked) {
        return urgency(asked) > urgency(mostUrgent) ? mostUrgent : asked;
    }

    private static int urgency(Priority priority) {
        return switch (priority) {
            case INTERACTIVE -> 2;
            case BATCH -> 0;
            default -> 1;
        };
    }
}
