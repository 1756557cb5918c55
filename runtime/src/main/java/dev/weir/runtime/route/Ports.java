package dev.weir.runtime.route;

import dev.weir.proto.v1.Stage;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the stages of a route take from each other. A port is a tensor's name, or what it has before a slash: "cond" stands
 * for "cond/text_embeds". Stateless.
 */
public final class Ports {

    private Ports() {}

    private static boolean isNamed(List<String> ports, String tensor) {
        return ports.stream().anyMatch(port -> tensor.equals(port) || tensor.startsWith(port + "/"));
    }

    /** Whether a stage takes a tensor, at this position or later. */
    public static boolean isTaken(List<Stage> route, int position, String tensor) {
        return route.stream().skip(position).anyMatch(stage -> isNamed(stage.getTakesList(), tensor));
    }

    /** Whether checkpoints from this position on hold a tensor. */
    public static boolean isKept(List<Stage> route, int position, String tensor) {
        return route.stream().skip(position).anyMatch(stage -> isNamed(stage.getKeepsList(), tensor));
    }

    /**
     * Where a sample goes that is to continue at a position: to the earliest stage that makes a missing tensor, else there.
     *
     * @param earliest the first position that it may go to
     * @param goal where it continues
     * @param present the names of the tensors that it has
     */
    public static int next(List<Stage> route, int earliest, int goal, Collection<String> present) {
        Set<String> missing = new HashSet<>();
        for (int i = route.size() - 1; i >= goal; i--) {
            take(route.get(i), present, missing);
        }
        TreeSet<Integer> makers = new TreeSet<>(Set.of(goal));
        for (int i = goal - 1; i >= 0; i--) {
            Stage maker = route.get(i);
            if (missing.stream().anyMatch(port -> isNamed(maker.getGivesList(), port))) {
                makers.add(i);
                take(maker, present, missing);
            }
        }
        return earliest >= goal ? earliest : makers.ceiling(earliest);
    }

    /** What is missing before a stage, if this is missing after it. */
    private static void take(Stage stage, Collection<String> present, Set<String> missing) {
        missing.removeIf(port -> isNamed(stage.getGivesList(), port));
        stage.getTakesList().stream()
                .filter(port -> present.stream().noneMatch(tensor -> isNamed(List.of(port), tensor)))
                .forEach(missing::add);
    }
}
