package dev.weir.engine.sampler;

/**
 * The noising process that a network was trained on. A scheduler fits the networks of its own process only: for others,
 * neither its noise levels nor its reading of the network's output are right.
 */
enum NoisingProcess {
    /** In discrete timesteps of a schedule of betas: DDPM and all that samples its networks. */
    DIFFUSION,
    /** With the preconditioning of Karras et al. 2022. */
    EDM,
    /** A rectified flow. */
    FLOW,
    CONSISTENCY,
    UNCLIP,
    VARIANCE_EXPLODING,
    VARIANCE_PRESERVING,
    WUERSTCHEN,
    POINT_VOXEL
}
