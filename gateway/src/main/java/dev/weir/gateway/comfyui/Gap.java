package dev.weir.gateway.comfyui;

import dev.weir.gateway.comfyui.Phrase.During;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A part of a run in which no prompt counts. ComfyUI takes black there for what the network says, which Weir does not compute. A part
 * that is shorter than two steps may lie between two steps, which the node knows that has the schedule.
 *
 * @param start from 0, the most noise
 * @param end to 1, none
 */
record Gap(double start, double end) {

    private static final double CERTAIN_STEPS = 2;

    /**
     * The first gap that certainly has a step.
     *
     * @param whole whether the run begins with the most noise
     * @param until the part of the schedule that is done
     */
    static Optional<Gap> in(List<During> phrases, boolean whole, double until, int steps) {
        List<During> sorted = phrases.stream()
                .sorted(Comparator.comparingDouble(During::start))
                .toList();
        double covered = sorted.get(0).start();
        if (whole && covered > 0) {
            return Optional.of(new Gap(0, covered));
        }
        for (During phrase : sorted) {
            Gap gap = new Gap(covered, Math.min(phrase.start(), until));
            if (gap.hasStep(steps)) {
                return Optional.of(gap);
            }
            covered = Math.max(covered, phrase.end());
        }
        return Optional.of(new Gap(covered, until)).filter(last -> last.hasStep(steps));
    }

    private boolean hasStep(int steps) {
        return end - start > CERTAIN_STEPS / steps;
    }
}
