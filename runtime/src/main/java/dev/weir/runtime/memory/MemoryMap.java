package dev.weir.runtime.memory;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * One area of a cluster's memory. Any thread, event loops too: answers come on the caller's context. Who calls must not
 * write to an array that was given or taken.
 *
 * <p>Every call fails with a {@link MemoryException} where no answer came within the area's limit, which happens while a node
 * that holds a part of it is dead and not yet missed. What such a call wanted to write may still be written then.
 */
public interface MemoryMap {

    Future<Optional<byte[]>> get(String key);

    /** @param life after which the entry is gone, from whole seconds on */
    Future<Void> put(String key, byte[] value, Duration life);

    /** Writes where nothing is. @return what was there, and stays; empty where it was written */
    Future<Optional<byte[]>> putIfAbsent(String key, byte[] value, Duration life);

    /** Writes where the entry is as expected, byte for byte. @return whether it was */
    Future<Boolean> replace(String key, byte[] expected, byte[] value, Duration life);

    Future<Void> remove(String key);

    /** The names of all entries. Asks every node that holds a part: for rare use. */
    Future<Set<String>> keys();
}
