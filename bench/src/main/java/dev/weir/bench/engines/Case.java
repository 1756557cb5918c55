package dev.weir.bench.engines;

import java.nio.file.Path;

/**
 * A forward that every program does.
 *
 * @param network the component, as the model's folder names it, or of what size it is
 * @param side of the latents, each way
 */
record Case(String network, Path folder, int rows, int side, int tokens) {

    /** For medians of a program. */
    String key(String program) {
        return program + " " + network + " " + rows;
    }
}
