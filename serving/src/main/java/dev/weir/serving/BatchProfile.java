package dev.weir.serving;

import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.TextStates;
import dev.weir.serving.plan.StepCurve;
import java.util.Collections;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Measures, before the first user comes, how long a forward of a network takes by its rows, at the size that the model was
 * trained at; it warms the network up thereby. What there is no time to measure, real steps will tell. Device thread.
 */
final class BatchProfile {

    /** Forwards of each size: the first pays for what the network does once, the fastest of the others counts. */
    private static final int TRIES = 3;

    private static final int TOKENS = 8;
    private static final float TIMESTEP = 500;

    private final long budgetNanos;
    private final LongSupplier nanoClock;

    /** @param budgetNanos after which no larger batch is tried */
    BatchProfile(long budgetNanos, LongSupplier nanoClock) {
        this.budgetNanos = budgetNanos;
        this.nanoClock = nanoClock;
    }

    /** @param most rows that a forward may ever have */
    StepCurve of(DiffusionPart part, int most) {
        long begin = nanoClock.getAsLong();
        StepCurve curve = StepCurve.unknown(most);
        for (int rows = 1; rows <= most; rows *= 2) {
            double left = (budgetNanos - (nanoClock.getAsLong() - begin)) / 1e9;
            if (rows > 1 && TRIES * curve.seconds(rows) > left) {
                break;
            }
            try {
                curve = curve.after(rows, fastest(part, rows));
            } catch (RuntimeException | OutOfMemoryError problem) {
                if (!Memory.isExhausted(problem)) {
                    throw problem;
                }
                return curve.withoutRoomFor(rows);
            }
        }
        return curve;
    }

    private double fastest(DiffusionPart part, int rows) {
        long fastest = Long.MAX_VALUE;
        for (int i = 0; i < TRIES; i++) {
            long begin = nanoClock.getAsLong();
            forward(part, rows);
            fastest = Math.min(fastest, nanoClock.getAsLong() - begin);
        }
        return fastest / 1e9;
    }

    private static void forward(DiffusionPart part, int rows) {
        Denoiser network = part.network();
        LatentShape made = part.nativeShape();
        LatentShape input = new LatentShape(network.inChannels(), made.height(), made.width());
        TextStates context = new TextStates(TOKENS, network.contextWidth(), new float[TOKENS * network.contextWidth()]);
        Denoiser.Row row = new Denoiser.Row(new float[input.size()], TIMESTEP, context, part.classLabel());
        List<Denoiser.Row> batch = Collections.nCopies(rows, row);
        network.predict(input, batch);
    }
}
