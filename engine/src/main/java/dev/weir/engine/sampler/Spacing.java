package dev.weir.engine.sampler;

/** Which training timesteps a run of fewer steps visits; table 2 of Lin et al. 2023 (arXiv 2305.08891). */
enum Spacing {
    LINSPACE,
    LEADING,
    TRAILING
}
