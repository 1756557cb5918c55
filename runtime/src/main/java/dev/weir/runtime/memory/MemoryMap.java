package dev.weir.runtime.memory;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One area of a cluster's memory. Any thread, including event loops; answers arrive on the caller's context. Callers
 * must not write to arrays that they pass or receive.
 *
 * <p>Entries whose names have the same ending after an {@code @} are stored together, in all areas: {@code 0@job} with
 * {@code job}.
 *
 * <p>Every call fails with a {@link MemoryException} if no answer arrives within the area's time limit. This happens
 * while a node that holds a part of it is dead and not yet removed. A failed write may still take effect later.
 */
public interface MemoryMap {

    /** If the holder does not answer in time, a local copy of the ledger answers, which may be outdated. */
    Future<Optional<byte[]>> get(String key);

    /** @param life after which the entry expires, in whole seconds */
    Future<Void> put(String key, byte[] value, Duration life);

    /** Writes if there is no entry. @return the existing value, which is kept; empty if it was written */
    Future<Optional<byte[]>> putIfAbsent(String key, byte[] value, Duration life);

    /** Writes if the entry has the expected bytes. @return whether it was written */
    Future<Boolean> replace(String key, byte[] expected, byte[] value, Duration life);

    Future<Void> remove(String key);

    /** Removes the entry if it has the expected bytes, for those who cannot know what others wrote meanwhile. */
    Future<Void> remove(String key, byte[] expected);

    /**
     * The names of all entries, separately from each node that holds some, so that a silent node only delays its own.
     * Asks every node: for rare use.
     */
    List<Future<Set<String>>> keysByHolder();

    /** The names of all entries. Fails if one of the holders does not answer. */
    default Future<Set<String>> keys() {
        return Future.all(keysByHolder()).map(all -> {
            Set<String> keys = new HashSet<>();
            all.<Set<String>>list().forEach(keys::addAll);
            return keys;
        });
    }

    /**
     * The node that holds, or would hold, the entry of a name. Other nodes have copies, but only this one answers
     * writes. Empty if it is this node. Changes as nodes join and leave.
     */
    String holder(String key);
}
