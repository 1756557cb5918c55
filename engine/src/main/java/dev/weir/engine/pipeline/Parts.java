package dev.weir.engine.pipeline;

import dev.weir.engine.Denoiser;

/** Opens the networks of a model's diffusing stages, by their folders. Whoever gets one closes it. */
public interface Parts {

    Denoiser denoiser(String network);

    /**
     * The decoder of unCLIP behind what stands before it.
     *
     * @param projection the folder of its projection of text and picture
     */
    Denoiser projected(String decoder, String projection);

    /**
     * Two networks as one.
     *
     * @param last the folder of the one that makes the last step of a run, at timestep 0
     */
    Denoiser endingWith(String network, String last);
}
