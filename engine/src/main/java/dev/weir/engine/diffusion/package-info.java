/**
 * Steps of batched rows: {@link dev.weir.engine.diffusion.RowStart} starts a sample, {@link
 * dev.weir.engine.diffusion.Row} holds its run, {@link dev.weir.engine.diffusion.StepBatch} makes one step for many of
 * them in one forward pass. Pure Java on {@link dev.weir.engine.Denoiser}. The caller selects the rows.
 */
package dev.weir.engine.diffusion;
