package dev.weir.engine.diffusion;

import dev.weir.engine.Tensors;
import java.util.List;

/** One network row a step: of the prompt alone, or of a model that takes none. */
record Unguided(Tensors inputs) implements Guider {

    @Override
    public List<Tensors> branches(int step) {
        return List.of(inputs);
    }

    @Override
    public float[] combine(List<float[]> outputs, int step, int size) {
        return outputs.get(0);
    }
}
