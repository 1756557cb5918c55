package dev.weir.runtime.cluster;

import com.hazelcast.config.ClassFilter;
import com.hazelcast.config.JavaSerializationFilterConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;

/**
 * Which serialized Java objects Hazelcast may read. What members tell each other has serializers of its own, with two exceptions:
 * what an operation failed with, which is exceptions and what those are made of; and the state, an enum, that a cluster is put
 * into while it merges with another.
 */
final class JavaObjects {

    private static final List<Class<?>> READABLE = List.of(
            Enum.class,
            Throwable.class,
            StackTraceElement.class,
            StackTraceElement[].class,
            Exception.class,
            RuntimeException.class,
            Error.class,
            CancellationException.class,
            CompletionException.class,
            ExecutionException.class,
            IllegalArgumentException.class,
            IllegalStateException.class,
            InterruptedException.class,
            IOException.class,
            NullPointerException.class,
            RejectedExecutionException.class,
            TimeoutException.class,
            UnsupportedOperationException.class,
            Collections.emptyList().getClass(),
            ArrayList.class);

    private JavaObjects() {}

    static JavaSerializationFilterConfig filter() {
        ClassFilter readable = new ClassFilter()
                .addPrefixes("com.hazelcast.")
                .addClasses(READABLE.stream().map(Class::getName).toArray(String[]::new));
        return new JavaSerializationFilterConfig().setDefaultsDisabled(true).setWhitelist(readable);
    }
}
