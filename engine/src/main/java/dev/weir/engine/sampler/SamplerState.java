package dev.weir.engine.sampler;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The state of one row in its run. With the noise source's position, it is everything that another node needs to
 * continue.
 *
 * @param step network calls done
 * @param sample the latent, {@code [channels, height, width]}
 * @param memory what the sampler keeps besides, by the sampler's own names; most are arrays of the sample's size
 */
public record SamplerState(int step, float[] sample, Map<String, float[]> memory) {

    public SamplerState {
        memory = Map.copyOf(memory);
    }

    /** The start of a run. */
    public static SamplerState start(float[] sample) {
        return new SamplerState(0, sample, Map.of());
    }

    /** The state after the next step, with nothing kept. */
    SamplerState next(float[] nextSample) {
        return next(nextSample, Map.of());
    }

    SamplerState next(float[] nextSample, Map<String, float[]> kept) {
        return new SamplerState(step + 1, nextSample, kept);
    }

    /** The same with one more array in its memory, which no sampler reads. */
    public SamplerState with(String name, float[] values) {
        Map<String, float[]> more = new HashMap<>(memory);
        more.put(name, values);
        return new SamplerState(step, sample, more);
    }

    boolean remembers(String name) {
        return memory.containsKey(name);
    }

    /** Throws IllegalArgumentException where a checkpoint lacks it. */
    float[] recall(String name) {
        float[] values = memory.get(name);
        if (values == null) {
            throw new IllegalArgumentException("the sampler's memory has no %s at step %d".formatted(name, step));
        }
        return values;
    }

    /** What was kept under a name with {@link #remember}, the newest first. */
    List<float[]> recent(String name) {
        List<float[]> recent = new ArrayList<>();
        while (remembers(name + "." + recent.size())) {
            recent.add(recall(name + "." + recent.size()));
        }
        return recent;
    }

    /** A memory of several arrays under one name, the newest first. */
    static Map<String, float[]> remember(String name, List<float[]> newestFirst) {
        Map<String, float[]> memory = new HashMap<>();
        for (int i = 0; i < newestFirst.size(); i++) {
            memory.put(name + "." + i, newestFirst.get(i));
        }
        return memory;
    }
}
