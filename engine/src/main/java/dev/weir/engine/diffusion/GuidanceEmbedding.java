package dev.weir.engine.diffusion;

import dev.weir.engine.HostTensor;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.Tensors;
import java.util.List;
import java.util.OptionalInt;

/**
 * The guidance scale as a network of a few-step model takes it, instead of a second prompt: w of Meng et al. 2022 (arXiv
 * 2210.03142), embedded as diffusers' {@code get_guidance_scale_embedding} does it.
 */
public final class GuidanceEmbedding {

    private static final float LARGEST_PERIOD = 10000;
    private static final float SCALE = 1000;

    private GuidanceEmbedding() {}

    /** The width of the embedding that a network takes; empty if it takes none. */
    public static OptionalInt width(List<NetworkInput> taken) {
        return taken.stream()
                .filter(input -> input.name().equals(Tensors.TIMESTEP_COND))
                .mapToInt(input -> input.shape().get(0))
                .findFirst();
    }

    /** Sines, cosines, and a zero if the width is odd. */
    public static HostTensor of(float guidanceScale, int width) {
        // A request's 1.3 is 1.2999999 in float32. The sines of a thousand times it would differ from diffusers'.
        double written = Double.parseDouble(Float.toString(guidanceScale));
        float scaled = (float) (written - 1) * SCALE;
        int half = width / 2;
        float decay = (float) Math.log(LARGEST_PERIOD) / (half - 1);
        float[] values = new float[width];
        for (int i = 0; i < half; i++) {
            float angle = scaled * (float) Math.exp(i * -decay);
            values[i] = (float) Math.sin(angle);
            values[half + i] = (float) Math.cos(angle);
        }
        return HostTensor.of(values, width);
    }
}
