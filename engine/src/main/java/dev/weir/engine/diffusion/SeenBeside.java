package dev.weir.engine.diffusion;

import dev.weir.engine.HostTensor;
import dev.weir.engine.Tensors;
import dev.weir.engine.sampler.Sampler;
import java.util.List;

/**
 * One network row a step, of a network without text that sees a picture beside its sample. The sampler scales both, as diffusers'
 * LDMSuperResolutionPipeline has it.
 *
 * @param picture before it is scaled
 */
public record SeenBeside(HostTensor picture, Sampler sampler) implements Guider {

    @Override
    public List<Tensors> branches(int step) {
        float[] scaled = sampler.scaleInput(step, picture.values());
        return List.of(Tensors.of(Tensors.CONCAT, new HostTensor(picture.shape(), scaled)));
    }

    @Override
    public float[] combine(List<float[]> outputs, int step, int size) {
        return outputs.get(0);
    }
}
