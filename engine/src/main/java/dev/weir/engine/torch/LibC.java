package dev.weir.engine.torch;

import com.sun.jna.Function;
import com.sun.jna.Platform;

/** The calls to the C library that have no other way from Java. They do nothing where it is not Linux's. */
public final class LibC {

    private static final int KEEP_IF_SET = 0;
    /** As malloc.h numbers it. */
    private static final int MMAP_THRESHOLD = -3;

    private LibC() {}

    /** Sets a variable in this process's own environment, for native libraries that are loaded later; keeps one that is set. */
    public static void setEnvironment(String name, String value) {
        if (Platform.isLinux()) {
            call("setenv", name, value, KEEP_IF_SET);
        }
    }

    /** Gives freed memory back to the system: of a closed network, malloc would keep up to half for later. */
    public static void trimMemory() {
        if (Platform.isLinux()) {
            call("malloc_trim", 0L);
        }
    }

    /**
     * Takes buffers of more than so many bytes from the system and gives them back when they are freed. By default, malloc raises
     * this limit up to 32 MiB as such buffers are freed, and keeps them in a heap that only grows.
     */
    public static void returnLargeBuffers(int bytes) {
        if (Platform.isLinux() && System.getenv("MALLOC_MMAP_THRESHOLD_") == null) {
            call("mallopt", MMAP_THRESHOLD, bytes);
        }
    }

    private static void call(String function, Object... arguments) {
        Function.getFunction(Platform.C_LIBRARY_NAME, function).invokeInt(arguments);
    }
}
