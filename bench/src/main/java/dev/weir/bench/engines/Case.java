package dev.weir.bench.engines;

import java.nio.file.Path;

/**
 * A forward that every program does.
 *
 * @param network the component, as the model's folder names it
 * @param side of the latents, each way
 */
record Case(String network, Path folder, int rows, int side, int tokens) {}
