package dev.weir.engine.network;

import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.LatentShape;
import dev.weir.engine.control.Control;
import java.nio.FloatBuffer;
import java.util.List;

/** A ControlNet or T2I-Adapter with its weights. One device thread owns it. */
interface SteeringNetwork extends AutoCloseable {

    /**
     * A row that it steers.
     *
     * @param sum what all networks of its kind add to the row: all results of a row, one after the other
     */
    record Steered(Row row, Control control, FloatBuffer sum) {}

    /** Adds its results for some rows to their sums. */
    void add(LatentShape sample, List<Steered> rows);

    @Override
    void close();
}
