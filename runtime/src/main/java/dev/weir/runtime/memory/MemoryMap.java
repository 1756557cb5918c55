package dev.weir.runtime.memory;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One area of a cluster's memory. Any thread, event loops too: answers come on the caller's context. Who calls must not
 * write to an array that was given or taken.
 *
 * <p>Entries whose names end alike from an {@code @} on lie together, in all areas: {@code 0@job} with {@code job}.
 *
 * <p>Every call fails with a {@link MemoryException} where no answer came within the area's limit, which happens while a node
 * that holds a part of it is dead and not yet missed. What such a call wanted to write may still be written then.
 */
public interface MemoryMap {

    /** Where the node that holds it is silent past the limit, what of the ledger a copy here says, which may be behind. */
    Future<Optional<byte[]>> get(String key);

    /** @param life after which the entry is gone, from whole seconds on */
    Future<Void> put(String key, byte[] value, Duration life);

    /** Writes where nothing is. @return what was there, and stays; empty where it was written */
    Future<Optional<byte[]>> putIfAbsent(String key, byte[] value, Duration life);

    /** Writes where the entry is as expected, byte for byte. @return whether it was */
    Future<Boolean> replace(String key, byte[] expected, byte[] value, Duration life);

    Future<Void> remove(String key);

    /**
     * The names of all entries, from each node that holds some of them, so that one that is silent keeps back its own alone. Asks
     * every node: for rare use.
     */
    List<Future<Set<String>>> keysByHolder();

    /** The names of all entries; fails where one of the nodes that hold them does not answer. */
    default Future<Set<String>> keys() {
        return Future.all(keysByHolder()).map(all -> {
            Set<String> keys = new HashSet<>();
            all.<Set<String>>list().forEach(keys::addAll);
            return keys;
        });
    }

    /**
     * Which node holds the entry of a name, or would: others have copies, and it alone answers writes. Empty where it is this
     * one. Changes as nodes come and go.
     */
    String holder(String key);
}
