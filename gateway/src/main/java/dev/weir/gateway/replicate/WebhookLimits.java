package dev.weir.gateway.replicate;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * How many calls of webhooks are made at once: in all, of one user, and of one user to one host. So a host that does not answer delays
 * no calls to other hosts, and a user no calls of others. Event loop of the gateway.
 */
final class WebhookLimits {

    /** In all. */
    static final int CALLS = 64;

    static final int CALLS_OF_A_USER = 32;
    static final int CALLS_TO_A_HOST = 8;
    private static final List<Integer> MOST = List.of(CALLS, CALLS_OF_A_USER, CALLS_TO_A_HOST);

    /** Calls in flight of all (no words), of a user (one), and of a user to a host (two). */
    private final Map<List<String>, Integer> calls = new HashMap<>();

    /** Counts a call. @return false if there is no room, and nothing was counted */
    boolean enter(String user, String host) {
        List<String> words = List.of(user, host);
        if (IntStream.range(0, MOST.size()).anyMatch(i -> calls.getOrDefault(words.subList(0, i), 0) >= MOST.get(i))) {
            return false;
        }
        IntStream.range(0, MOST.size()).forEach(i -> calls.merge(List.copyOf(words.subList(0, i)), 1, Integer::sum));
        return true;
    }

    /** The call is over. */
    void leave(String user, String host) {
        List<String> words = List.of(user, host);
        IntStream.range(0, MOST.size())
                .forEach(i -> calls.computeIfPresent(words.subList(0, i), (key, n) -> n > 1 ? n - 1 : null));
    }
}
