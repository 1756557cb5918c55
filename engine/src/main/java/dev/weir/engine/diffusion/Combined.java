package dev.weir.engine.diffusion;

import java.util.Optional;

/**
 * What guidance makes of the network's outputs at a step.
 *
 * @param output that the sampler sees
 * @param remembered what the guidance of later steps needs, of the sample's size; a checkpoint holds it
 */
record Combined(float[] output, Optional<float[]> remembered) {}
