package dev.weir.engine.pipeline;

/** What a stage does, which decides the kind of node that runs it. */
public enum Role {
    /** Makes the inputs of the diffusion, such as text states. */
    ENCODE,
    /** Makes a latent, step by step. */
    DIFFUSE,
    /** Makes the picture. */
    DECODE
}
