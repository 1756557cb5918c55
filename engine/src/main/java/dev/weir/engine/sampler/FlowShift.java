package dev.weir.engine.sampler;

import java.util.OptionalInt;
import java.util.function.DoubleUnaryOperator;

/** How the noise levels of a flow are moved toward the noise: Esser et al. 2024 (arXiv 2403.03206), section 5.3.2. */
sealed interface FlowShift {

    /** Throws IllegalArgumentException if the shift depends on the picture's size and the size is not known. */
    DoubleUnaryOperator of(OptionalInt tokens);

    /** {@code shift sigma / (1 + (shift - 1) sigma)} for all sizes. */
    record Fixed(double shift) implements FlowShift {

        static Fixed read(SchedulerKeys keys) {
            return new Fixed(keys.number("shift", 1, Float.MIN_NORMAL, Float.MAX_VALUE));
        }

        @Override
        public DoubleUnaryOperator of(OptionalInt tokens) {
            return this::of;
        }

        double of(double sigma) {
            return shift * sigma / (1 + (shift - 1) * sigma);
        }
    }

    /**
     * By a number that grows linearly with the tokens of the picture, as the pipelines of Flux and Stable Diffusion 3
     * compute it.
     *
     * @param least at {@code leastTokens}
     * @param most at {@code mostTokens}
     * @param exponential whether the shift is the number's exponential, not the number itself
     */
    record BySize(double least, double most, int leastTokens, int mostTokens, boolean exponential)
            implements FlowShift {

        static BySize read(SchedulerKeys keys) {
            int leastTokens = keys.whole("base_image_seq_len", 256, 1, Integer.MAX_VALUE);
            int mostTokens = keys.whole("max_image_seq_len", 4096, 1, Integer.MAX_VALUE);
            if (leastTokens == mostTokens) {
                throw keys.wrong("max_image_seq_len", "%d, as base_image_seq_len".formatted(mostTokens));
            }
            return new BySize(
                    keys.number("base_shift", 0.5, 0, Float.MAX_VALUE),
                    keys.number("max_shift", 1.15, 0, Float.MAX_VALUE),
                    leastTokens,
                    mostTokens,
                    keys.word("time_shift_type", "exponential", "linear").equals("exponential"));
        }

        @Override
        public DoubleUnaryOperator of(OptionalInt tokens) {
            int count = tokens.orElseThrow(() -> new IllegalArgumentException(
                    "use_dynamic_shifting depends on the picture's size, and this model does not tell its patches"));
            double slope = (most - least) / (mostTokens - leastTokens);
            double number = count * slope + (least - slope * leastTokens);
            double shift = exponential ? Math.exp(number) : number;
            return sigma -> shift / (shift + (1 / sigma - 1));
        }
    }
}
