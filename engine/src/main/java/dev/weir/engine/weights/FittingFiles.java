package dev.weir.engine.weights;

import java.util.Map;
import java.util.Set;

/** Which files of some folders fit models of one family. {@link WatchedFiles} updates it; any thread reads it. */
public final class FittingFiles<T> {

    /**
     * What there is at one time. Immutable.
     *
     * @param files that fit, by name and in its order
     * @param refused why others do not fit, by name
     * @param changing names of files that were offered and are being written now
     */
    public record Offer<T>(Map<String, T> files, Map<String, String> refused, Set<String> changing) {

        static <T> Offer<T> none() {
            return new Offer<>(Map.of(), Map.of(), Set.of());
        }
    }

    private final boolean isWatched;
    private volatile Offer<T> offer = Offer.none();

    FittingFiles(boolean isWatched) {
        this.isWatched = isWatched;
    }

    /** Of a model for which there are no folders. It stays empty. */
    public static <T> FittingFiles<T> none() {
        return new FittingFiles<>(false);
    }

    /** Whether there may be some later, if there are none now. */
    public boolean isWatched() {
        return isWatched;
    }

    /** The same object until something changes. */
    public Offer<T> offer() {
        return offer;
    }

    /** Those that fit now. The same object until something changes. */
    public Map<String, T> byName() {
        return offer.files();
    }

    void set(Offer<T> now) {
        offer = now;
    }
}
