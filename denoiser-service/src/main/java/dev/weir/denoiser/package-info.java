/** The denoiser stage: from noise to latents, step by step, guided by the prompt. */
package dev.weir.denoiser;
