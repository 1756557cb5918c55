package dev.weir.engine.network;

import dev.weir.engine.Denoiser;
import dev.weir.engine.backend.Executable;

/** A network that makes a step of a diffusion: it has the method {@link NetworkDenoiser#FORWARD}. */
interface DenoisingNetwork extends Network {

    Denoiser runBy(Executable network);
}
