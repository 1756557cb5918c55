package dev.weir.serving.plan;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * How much device time each user has had, which {@link FairPlanner} balances. Users are charged by their network rows
 * in a forward pass, not by images. Groups are charged by a forward pass's seconds divided by the number of users that
 * wait in them. Immutable.
 */
public final class Shares {

    /** A pass that took longer than expected, because the machine stood still, counts as this many passes at most. */
    private static final int LONGEST_PASS = 2;

    private final Map<String, Double> weights;
    private final VirtualTime<String> users;
    private final VirtualTime<BatchKey> groups;
    private final Map<PriorityClass, Double> passedOver;

    private Shares(
            Map<String, Double> weights,
            VirtualTime<String> users,
            VirtualTime<BatchKey> groups,
            Map<PriorityClass, Double> passedOver) {
        this.weights = weights;
        this.users = users;
        this.groups = groups;
        this.passedOver = passedOver;
    }

    /** @param weights of users whose share is not 1, positive */
    public static Shares start(Map<String, Double> weights) {
        return new Shares(Map.copyOf(weights), VirtualTime.start(), VirtualTime.start(), Map.of());
    }

    /** The same shares, where a user has another weight. */
    public Shares weighing(String user, double weight) {
        if (weight(user) == weight) {
            return this;
        }
        Map<String, Double> changed = new HashMap<>(weights);
        changed.put(user, weight);
        return new Shares(Map.copyOf(changed), users, groups, passedOver);
    }

    /** The shares after a forward pass that took so many seconds. */
    public <K> Shares after(PlanState<K> state, Plan<K> plan, double seconds) {
        Set<String> present = new HashSet<>();
        Set<BatchKey> waiting = new HashSet<>();
        Map<PriorityClass, Double> passed = new EnumMap<>(PriorityClass.class);
        int usersOfGroup = 1;
        for (PlanState.Queue<K> queue : state.groups()) {
            waiting.add(queue.group());
            Set<String> ofGroup = new HashSet<>();
            for (PlanRow<K> row : queue.rows()) {
                ofGroup.add(row.user());
                passed.putIfAbsent(
                        row.priority(), passedOver(row.priority()) + passes(state, plan, seconds, row.priority()));
            }
            present.addAll(ofGroup);
            usersOfGroup = queue.group().equals(plan.group()) ? ofGroup.size() : usersOfGroup;
        }
        Map<String, Double> charges = new HashMap<>();
        double perRow = seconds / Math.max(1, plan.cost());
        for (PlanRow<K> row : plan.chosen()) {
            charges.merge(row.user(), row.cost() * perRow / weight(row.user()), Double::sum);
            passed.remove(row.priority());
        }
        Map<BatchKey, Double> turn = plan.group() == null ? Map.of() : Map.of(plan.group(), seconds / usersOfGroup);
        return new Shares(weights, users.after(present, charges), groups.after(waiting, turn), passed);
    }

    /**
     * A forward pass of one group, in the forward passes of a class: the longer of a full one, and of this one if it is of the same
     * group, because after one slow measurement the limit may be below the cost of a single row. 0 before any was measured.
     */
    private static <K> double passes(PlanState<K> state, Plan<K> plan, double seconds, PriorityClass priority) {
        double counted = seconds;
        double own = 0;
        for (PlanState.Queue<K> queue : state.groups()) {
            double full = queue.curve().seconds(queue.curve().cap());
            if (queue.group().equals(plan.group())) {
                double expected = queue.curve().seconds(plan.cost());
                counted = Math.min(seconds, LONGEST_PASS * expected);
                full = Math.max(full, expected);
            }
            if (queue.rows().stream().anyMatch(row -> row.priority() == priority)) {
                own = Math.max(own, full);
            }
        }
        return own > 0 ? counted / own : 0;
    }

    double used(String user) {
        return users.used(user);
    }

    double used(BatchKey group) {
        return groups.used(group);
    }

    double weight(String user) {
        return weights.getOrDefault(user, 1.0);
    }

    /** Forward passes of its own length since a row of the class took part, if one waits. */
    double passedOver(PriorityClass priority) {
        return passedOver.getOrDefault(priority, 0.0);
    }
}
