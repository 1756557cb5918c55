package dev.weir.engine.weights;

import java.util.Map;

/** Which files of some folders fit models of one family. {@link WatchedFiles} updates it; any thread reads it. */
public final class FittingFiles<T> {

    /**
     * What there is at one time. Immutable.
     *
     * @param files that fit, by name and in its order
     * @param refused why others do not fit, by name
     */
    public record Offer<T>(Map<String, T> files, Map<String, String> refused) {}

    private final boolean isWatched;
    private volatile Offer<T> offer = new Offer<>(Map.of(), Map.of());

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
