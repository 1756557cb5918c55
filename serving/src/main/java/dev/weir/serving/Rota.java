package dev.weir.serving;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/**
 * Which rows take part in the next forward. Rows of one group may share a forward; groups are served in turn, so that none
 * waits for another's last row; within a group the oldest come first, as many as the budget holds. Owned by one thread; it
 * knows no device and no clock.
 *
 * @param <G> what rows must have in common, by equals
 * @param <R> a row
 */
final class Rota<G, R> {

    private final Map<G, List<R>> groups = new LinkedHashMap<>();

    void add(G group, R row) {
        groups.computeIfAbsent(group, g -> new ArrayList<>()).add(row);
    }

    void removeIf(Predicate<R> condition) {
        groups.values().forEach(rows -> rows.removeIf(condition));
        groups.values().removeIf(List::isEmpty);
    }

    boolean isEmpty() {
        return groups.isEmpty();
    }

    /**
     * The rows of the group that was not served for longest, which then goes to the end of the queue. At least one, even
     * where it alone is past the budget.
     */
    List<R> next(int budget, ToIntFunction<R> cost) {
        if (groups.isEmpty()) {
            return List.of();
        }
        G group = groups.keySet().iterator().next();
        List<R> rows = groups.remove(group);
        groups.put(group, rows);
        List<R> chosen = new ArrayList<>();
        int spent = 0;
        for (R row : rows) {
            spent += cost.applyAsInt(row);
            if (spent > budget && !chosen.isEmpty()) {
                break;
            }
            chosen.add(row);
        }
        return chosen;
    }
}
