/** The stage that draws: noise to latents, step by step, under the prompt's guidance. */
package dev.weir.denoiser;
