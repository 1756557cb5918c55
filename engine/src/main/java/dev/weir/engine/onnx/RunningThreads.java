package dev.weir.engine.onnx;

import java.io.IOException;
import java.io.RandomAccessFile;

/**
 * How many threads of this machine run or wait for a core at this moment, as Linux tells. The file stays open, because each forward
 * pass asks. Any thread.
 */
final class RunningThreads {

    private static final String LOAD = "/proc/loadavg";
    private static final int MOST_BYTES = 128;
    private static final int UNKNOWN = Integer.MAX_VALUE;

    private static RandomAccessFile file;

    private RunningThreads() {}

    /** Very many where it is not known. */
    static synchronized int count() {
        try {
            if (file == null) {
                file = new RandomAccessFile(LOAD, "r");
            }
            file.seek(0);
            var load = new byte[MOST_BYTES];
            return count(load, file.read(load));
        } catch (IOException e) {
            return UNKNOWN;
        }
    }

    /** The fourth number of a text like {@code 0.20 0.18 0.12 1/80 11206}. */
    static int count(byte[] load, int bytes) {
        int spaces = 0;
        int count = 0;
        for (int i = 0; i < bytes; i++) {
            if (load[i] == ' ') {
                spaces++;
            } else if (spaces == 3 && load[i] == '/') {
                return count;
            } else if (spaces == 3) {
                count = 10 * count + load[i] - '0';
            }
        }
        return UNKNOWN;
    }
}
