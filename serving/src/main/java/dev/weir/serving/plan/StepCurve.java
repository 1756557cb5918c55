package dev.weir.serving.plan;

import java.util.Arrays;

/**
 * Seconds of a forward by its network rows, as measured, and the batch cap that follows: the fewest rows beyond which
 * throughput no longer rises. Immutable.
 *
 * <p>A size larger than all that were measured is tried as long as the largest is the best one; one that was measured and
 * found no better is made to look a little better by each forward at the cap, so that one slow moment does not shut it out
 * for ever.
 */
public final class StepCurve {

    /** Weight of the newest forward in the mean of its size. */
    private static final double NEWEST = 0.1;
    /** What a larger batch must gain in throughput to be worth its longer step; less is noise. */
    private static final double WORTH = 0.05;

    private static final double OPTIMISM = 0.995;

    /** By rows; 0 where a size was not measured. */
    private final double[] seconds;

    private final double[] expected;
    private final int most;
    private final int cap;

    private StepCurve(double[] seconds, int most) {
        this.seconds = seconds;
        this.most = most;
        this.cap = capOf(seconds, most);
        this.expected = new double[seconds.length];
        for (int rows = 1; rows < seconds.length; rows++) {
            expected[rows] = between(rows);
        }
    }

    /** @param most rows that a forward may ever have */
    public static StepCurve unknown(int most) {
        return new StepCurve(new double[most + 1], most);
    }

    /** How many network rows a forward may have. At least 1. */
    public int cap() {
        return cap;
    }

    /** Of a forward with so many network rows, between what was measured; 0 where nothing was. */
    public double seconds(int rows) {
        return rows < expected.length ? expected[rows] : between(rows);
    }

    /** Of a full forward, for each of its rows. */
    public double secondsPerRow() {
        return seconds(cap) / cap;
    }

    /** Until each of so many rows has made one step, in as many forwards as that takes. */
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

    /** The curve after a forward. One row past the most is a row that must run alone, and tells nothing. */
    public StepCurve after(int rows, double measured) {
        if (rows < 1 || rows >= seconds.length) {
            return this;
        }
        double[] next = seconds.clone();
        next[rows] = next[rows] == 0 ? measured : next[rows] + NEWEST * (measured - next[rows]);
        if (rows == cap) {
            for (int larger = cap + 1; larger < next.length; larger++) {
                next[larger] *= OPTIMISM;
            }
        }
        return new StepCurve(next, most);
    }

    /** The curve where memory does not hold so many rows: half of them are the most from now on. */
    public StepCurve withoutRoomFor(int rows) {
        int half = Math.max(1, Math.min(most, rows / 2));
        double[] next = Arrays.copyOf(seconds, half + 1);
        next[half] = seconds(half);
        return new StepCurve(next, half);
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
