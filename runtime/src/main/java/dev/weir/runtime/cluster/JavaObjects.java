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
 * The filter for serialized Java objects that Hazelcast may read. Messages between members have their own serializers,
 * with two exceptions: the exceptions of failed operations with their parts, and the enum of the cluster's state during
 * a merge.
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
