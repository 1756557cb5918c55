package dev.weir.engine.prompt;

import dev.weir.engine.HostTensor;

/** How the weights of tokens change their states. Stateless. */
enum Emphasis {

    /** stable-diffusion-webui's "Original": times the weight, then all times what restores the mean of the row. */
    MEAN {
        @Override
        HostTensor apply(HostTensor states, double[] weights, HostTensor empty) {
            int width = states.side(1);
            float[] values = states.values().clone();
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (values[i] * weights[i / width]);
            }
            double factor = sum(states.values()) / sum(values);
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (values[i] * factor);
            }
            return new HostTensor(states.shape(), values);
        }
    },

    /** ComfyUI and compel: as far from the state of the empty prompt at the same position as the weight says. */
    FROM_EMPTY {
        @Override
        HostTensor apply(HostTensor states, double[] weights, HostTensor empty) {
            int width = states.side(1);
            float[] values = states.values().clone();
            for (int token = 0; token < weights.length; token++) {
                float weight = (float) weights[token];
                if (weight != 1) {
                    // A family that does not pad has a shorter empty prompt, whose end then stands for what follows.
                    int other = Math.min(token, empty.side(0) - 1);
                    for (int i = 0; i < width; i++) {
                        float without = empty.values()[other * width + i];
                        values[token * width + i] = (values[token * width + i] - without) * weight + without;
                    }
                }
            }
            return new HostTensor(states.shape(), values);
        }
    };

    /**
     * @param states of a row, {@code [tokens, width]}
     * @param weights of its tokens
     * @param empty the states of the empty prompt
     */
    abstract HostTensor apply(HostTensor states, double[] weights, HostTensor empty);

    private static double sum(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += value;
        }
        return sum;
    }
}
