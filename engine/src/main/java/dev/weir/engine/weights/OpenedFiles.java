package dev.weir.engine.weights;

import dev.weir.engine.ModelException;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * What files are for models of one kind. A file is opened once, and again when it has changed, however many models there are and
 * however often each is opened. Any thread.
 *
 * @param <S> the state of a file: equal as long as the file is the same
 * @param <T> what a file is that fits
 */
public final class OpenedFiles<S, T> {

    /** @param problem why the file does not fit; empty: it fits */
    private record Opened<S, T>(S state, Optional<T> value, String problem) {}

    private Map<String, Opened<S, T>> files = Map.of();

    /**
     * Opens those that are new or were changed.
     *
     * @param now the state of each file, by name
     * @param opener throws {@link ModelException} that says why a file does not fit
     * @param refused told of each file that was opened and does not fit, and why
     * @return those that fit, by name, in its order
     */
    public synchronized Map<String, T> update(
            Map<String, S> now, BiFunction<String, S, T> opener, BiConsumer<String, ModelException> refused) {
        Map<String, Opened<S, T>> opened = new TreeMap<>();
        now.forEach((name, state) -> {
            var before = files.get(name);
            boolean isSame = before != null && before.state().equals(state);
            opened.put(name, isSame ? before : open(name, state, opener, refused));
        });
        files = opened;
        return some(file -> file.value());
    }

    private static <S, T> Opened<S, T> open(
            String name, S state, BiFunction<String, S, T> opener, BiConsumer<String, ModelException> refused) {
        try {
            return new Opened<>(state, Optional.of(opener.apply(name, state)), "");
        } catch (ModelException e) {
            refused.accept(name, e);
            return new Opened<>(state, Optional.empty(), e.getMessage());
        }
    }

    /** Why files do not fit, by name. */
    public synchronized Map<String, String> problems() {
        return some(file -> Optional.of(file.problem()).filter(problem -> !problem.isEmpty()));
    }

    private <V> Map<String, V> some(Function<Opened<S, T>, Optional<V>> what) {
        Map<String, V> found = new TreeMap<>();
        files.forEach((name, file) -> what.apply(file).ifPresent(value -> found.put(name, value)));
        return Collections.unmodifiableMap(found);
    }
}
