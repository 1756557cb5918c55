package dev.weir.engine.control;

/**
 * How a ControlNet or a T2I-Adapter steers a row. Immutable.
 *
 * @param picture that says where things are, at the size of the picture that is made
 * @param scale what the net's results are multiplied by
 * @param start the share of the steps before which it does not steer, from 0 to 1
 * @param end the share of the steps after which it does not
 * @param guess whether it steers the prompt's branch alone, with less of what it sees in detail, so that the prompt may be empty
 */
public record Control(ControlNet net, ControlPicture picture, float scale, double start, double end, boolean guess) {

    public Control {
        if (!Float.isFinite(scale)) {
            throw new IllegalArgumentException("the scale of a ControlNet must be a number, not " + scale);
        }
    }

    /** As in diffusers: whether all of the step lies between start and end. Each kind of network has its own rounding of the end. */
    boolean steers(int step, int steps) {
        boolean isBeforeEnd = net.isT2iAdapter() ? step < (int) (steps * end) : (double) (step + 1) / steps <= end;
        return (double) step / steps >= start && isBeforeEnd;
    }

    /**
     * Whether it steers a network row.
     *
     * @param isPrompt whether the row is of the prompt, and not of the negative one
     */
    public boolean steers(int step, int steps, boolean isPrompt) {
        return (isPrompt || !(guess || net.isPooled())) && steers(step, steps);
    }
}
