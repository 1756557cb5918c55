package dev.weir.engine.torch;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import java.util.Arrays;
import java.util.BitSet;

/** The calls to the C library that have no other way from Java. They do nothing where it is not Linux's. */
public final class LibC {

    private static final int KEEP_IF_SET = 0;
    /** As malloc.h numbers it. */
    private static final int MMAP_THRESHOLD = -3;
    /** Where a thread is named, 0 is the calling one. */
    private static final int SELF = 0;
    /** Room for the largest set of cores that the C library has a type for. */
    private static final int CORE_SET_BYTES = 1024 / Byte.SIZE;

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

    /** The core that the calling thread runs on; negative where it is not known. */
    public static int core() {
        return Platform.isLinux() ? Direct.sched_getcpu() : -1;
    }

    /** The cores that the calling thread may run on; none where they are not known. */
    public static BitSet cores() {
        var set = new byte[CORE_SET_BYTES];
        return Platform.isLinux() && Direct.sched_getaffinity(SELF, set.length, set) == 0
                ? BitSet.valueOf(set)
                : new BitSet();
    }

    /** Lets a thread of this process run on no other cores. Changes nothing where the system does not allow it. */
    public static void runOn(BitSet cores, int thread) {
        if (Platform.isLinux()) {
            Direct.sched_setaffinity(thread, CORE_SET_BYTES, Arrays.copyOf(cores.toByteArray(), CORE_SET_BYTES));
        }
    }

    private static void call(String function, Object... arguments) {
        NativeLibrary.getProcess().getFunction(function).invokeInt(arguments);
    }

    /** What is called with each forward pass: such calls take a microsecond, those by name tens of them. Only on Linux. */
    private static final class Direct {

        static {
            Native.register(NativeLibrary.getProcess());
        }

        static native int sched_getcpu();

        static native int sched_getaffinity(int thread, long bytes, byte[] cores);

        static native int sched_setaffinity(int thread, long bytes, byte[] cores);
    }
}
