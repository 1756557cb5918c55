package dev.weir.gateway.api;

import dev.weir.gateway.job.ImageMemory;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/**
 * What callers have uploaded and will name in requests. If there is no room, the oldest upload of the caller that uses most makes some.
 * Event loop of the gateway.
 */
public final class UploadStore<T> {

    /** An upload takes this room at least, so their number is limited too. */
    private static final long LEAST_ROOM = 64 << 10;

    private final long maxBytes;
    private final ImageMemory memory;
    private final ToLongFunction<T> bytes;
    private final Map<String, Owner<T>> owners = new HashMap<>();
    private long room;

    private static final class Owner<T> {

        private final Map<String, T> uploads = new LinkedHashMap<>();
        private long room;
    }

    /** @param maxBytes of all uploads of all callers */
    public UploadStore(long maxBytes, ImageMemory memory, ToLongFunction<T> bytes) {
        this.maxBytes = maxBytes;
        this.memory = memory;
        this.bytes = bytes;
    }

    /** Adds an upload, in the place of another one of this name. */
    public void put(String caller, String name, T upload) {
        Owner<T> owner = owners.computeIfAbsent(caller, each -> new Owner<>());
        remove(owner, name);
        owner.uploads.put(name, upload);
        count(owner, upload, 1);
        while (room > maxBytes && makeRoom(owner)) {}
    }

    /** False where only the newest upload is left. */
    private boolean makeRoom(Owner<T> newest) {
        Optional<Owner<T>> largest = owners.values().stream()
                .filter(owner -> owner.uploads.size() > (owner == newest ? 1 : 0))
                .max(Comparator.comparingLong(owner -> owner.room));
        largest.ifPresent(
                owner -> remove(owner, owner.uploads.keySet().iterator().next()));
        forgetEmpty();
        return largest.isPresent();
    }

    private void forgetEmpty() {
        owners.values().removeIf(owner -> owner.uploads.isEmpty());
    }

    private boolean remove(Owner<T> owner, String name) {
        T removed = owner.uploads.remove(name);
        if (removed != null) {
            count(owner, removed, -1);
        }
        return removed != null;
    }

    private void count(Owner<T> owner, T upload, int sign) {
        long size = bytes.applyAsLong(upload);
        owner.room += sign * Math.max(LEAST_ROOM, size);
        room += sign * Math.max(LEAST_ROOM, size);
        memory.holdUpload(sign * size);
    }

    /** @return whether it was there */
    public boolean remove(String caller, String name) {
        Owner<T> owner = owners.get(caller);
        boolean removed = owner != null && remove(owner, name);
        forgetEmpty();
        return removed;
    }

    /** Removes uploads of all callers. */
    public void removeIf(Predicate<T> condition) {
        owners.values().forEach(owner -> Map.copyOf(owner.uploads).forEach((name, upload) -> {
            if (condition.test(upload)) {
                remove(owner, name);
            }
        }));
        forgetEmpty();
    }

    public Optional<T> find(String caller, String name) {
        return Optional.ofNullable(owners.get(caller)).map(owner -> owner.uploads.get(name));
    }

    /** The uploads of a caller as they are now, by name, the oldest first. */
    public Map<String, T> of(String caller) {
        Owner<T> owner = owners.get(caller);
        return owner == null ? Map.of() : new LinkedHashMap<>(owner.uploads);
    }
}
