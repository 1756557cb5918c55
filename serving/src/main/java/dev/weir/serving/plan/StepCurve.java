package dev.weir.serving.plan;

import dev.weir.runtime.stage.ForwardPace;
import java.util.Arrays;

/**
 * The measured seconds of a forward pass by its number of network rows, and the batch limit that follows: the smallest
 * number of rows beyond which throughput no longer rises. Immutable.
 *
 * <p>A larger size than all measured ones is tried as long as the largest measured one is the best. A size that was
 * measured and found no better looks a little better after each forward pass at the limit, so that one slow measurement
 * does not exclude it forever. Of the first passes of a size only the fastest counts: others also read weights from the disk,
 * or met a machine that had just begun.
 */
public final class StepCurve {

    /** The weight of the newest forward pass in the mean of its size. */
    private static final double NEWEST = 0.1;
    /** The throughput that a larger batch must gain to be worth its longer step. Less is noise. */
    private static final double WORTH = 0.05;

    private static final double OPTIMISM = 0.995;
    private static final int FIRST_PASSES = 3;
    private static final int GUIDED_ROWS = 2;

    /** By rows; 0 if a size was not measured. */
    private final double[] seconds;

    /** By rows, how many were measured; more than the first ones are not counted. */
    private final int[] passes;

    private final double[] expected;
    private final int most;
    private final int cap;

    private StepCurve(double[] seconds, int[] passes, int most) {
        this.seconds = seconds;
        this.passes = passes;
        this.most = most;
        this.cap = capOf(seconds, most);
        this.expected = new double[seconds.length];
        for (int rows = 1; rows < seconds.length; rows++) {
            expected[rows] = between(rows);
        }
    }

    /** @param most the maximum number of rows of a forward pass */
    public static StepCurve unknown(int most) {
        return new StepCurve(new double[most + 1], new int[most + 1], most);
    }

    /** The maximum number of network rows of a forward pass. */
    public int most() {
        return most;
    }

    /** The current limit of network rows in a forward pass. At least 1. */
    public int cap() {
        return cap;
    }

    /** Seconds of a forward pass with so many network rows, interpolated; 0 if nothing was measured. */
    public double seconds(int rows) {
        return rows < expected.length ? expected[rows] : between(rows);
    }

    /** Seconds per row of a full forward pass. */
    public double secondsPerRow() {
        return seconds(cap) / cap;
    }

    /** The curve in the few numbers that other nodes are told. */
    public ForwardPace pace() {
        return new ForwardPace(
                cap,
                seconds(cap),
                seconds(Math.min(GUIDED_ROWS, cap)),
                Arrays.stream(passes).sum());
    }

    /** Seconds until each of so many rows has made one step, in as many forward passes as that takes. */
    public double round(int rows) {
        return rows <= cap ? seconds(rows) : rows * secondsPerRow();
    }

    private double between(int rows) {
        int below = Math.min(rows, seconds.length - 1);
        while (below > 0 && seconds[below] == 0) {
            below--;
        }
        int above = rows;
        while (above < seconds.length && seconds[above] == 0) {
            above++;
        }
        if (above >= seconds.length) {
            return below == 0 ? 0 : seconds[below] * rows / below;
        }
        if (below == 0 || below == above) {
            return seconds[above];
        }
        double way = (double) (rows - below) / (above - below);
        return seconds[below] + way * (seconds[above] - seconds[below]);
    }

    /** The curve after a forward pass. A row above the maximum runs alone and tells nothing about it. */
    public StepCurve after(int rows, double measured) {
        if (rows < 1 || rows >= seconds.length) {
            return this;
        }
        double[] next = seconds.clone();
        int before = passes[rows];
        if (before == 0) {
            next[rows] = measured;
        } else if (before < FIRST_PASSES) {
            next[rows] = Math.min(next[rows], measured);
        } else {
            next[rows] += NEWEST * (measured - next[rows]);
        }
        if (rows == cap && before >= FIRST_PASSES) {
            for (int larger = cap + 1; larger < next.length; larger++) {
                next[larger] *= OPTIMISM;
            }
        }
        int[] counted = passes.clone();
        counted[rows] = Math.min(FIRST_PASSES, before + 1);
        return new StepCurve(next, counted, most);
    }

    /** The curve after an out-of-memory error with so many rows: half of them are the maximum from now on. */
    public StepCurve withoutRoomFor(int rows) {
        int half = Math.max(1, Math.min(most, rows / 2));
        double[] next = Arrays.copyOf(seconds, half + 1);
        next[half] = seconds(half);
        return new StepCurve(next, Arrays.copyOf(passes, half + 1), half);
    }

    private static int capOf(double[] seconds, int most) {
        double best = 0;
        int largest = 0;
        for (int rows = 1; rows < seconds.length; rows++) {
            if (seconds[rows] > 0) {
                best = Math.max(best, rows / seconds[rows]);
                largest = rows;
            }
        }
        for (int rows = 1; rows < largest; rows++) {
            if (seconds[rows] > 0 && rows / seconds[rows] * (1 + WORTH) >= best) {
                return rows;
            }
        }
        return Math.min(most, Math.max(1, 2 * largest));
    }
}
