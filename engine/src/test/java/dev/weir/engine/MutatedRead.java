package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.function.Executable;

/** What a reader makes of a mutated file: it reads it, or refuses it naming the file, and allocates little for that. */
public final class MutatedRead {

    private MutatedRead() {}

    /** Whether the file was read, and not refused. Fails where anything else happens. */
    public static boolean succeeds(Path file, byte[] mutated, int round, long allowedBytes, Executable read) {
        long before = allocated();
        try {
            read.execute();
            return true;
        } catch (ModelException e) {
            assertThat(e).hasMessageContaining(file.getFileName().toString());
            return false;
        } catch (Throwable e) {
            return fail("mutation %d: %s".formatted(round, Arrays.toString(mutated)), e);
        } finally {
            assertThat(allocated() - before)
                    .as("bytes allocated by mutation %d", round)
                    .isLessThan(allowedBytes);
        }
    }

    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }
}
