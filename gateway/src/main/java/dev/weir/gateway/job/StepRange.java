package dev.weir.gateway.job;

import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Sampler;
import java.util.List;

/** How many steps a request may ask for. */
public record StepRange(int min, int max) {

    public static StepRange of(ModelCard card, Sampler sampler) {
        return new StepRange(
                Math.max(1, sampler.getLeastSteps()),
                sampler.getMostSteps() > 0 ? sampler.getMostSteps() : card.getMaxSteps());
    }

    /** With any sampler of the model. */
    public static StepRange of(ModelCard card) {
        List<StepRange> all = card.getSamplersList().stream()
                .map(sampler -> of(card, sampler))
                .toList();
        return new StepRange(
                all.stream().mapToInt(StepRange::min).min().orElse(1),
                all.stream().mapToInt(StepRange::max).max().orElse(card.getMaxSteps()));
    }

    /** The nearest number that is taken. */
    public int clamp(int steps) {
        return Math.max(min, Math.min(max, steps));
    }

    /** Whether there is no choice. */
    public boolean isOne() {
        return min == max;
    }

    /** {@code 1 to 1000}, or the only number. */
    public String inWords() {
        return isOne() ? Integer.toString(min) : "%d to %d".formatted(min, max);
    }
}
