/**
 * The rows of a batch stepped together: {@link dev.weir.engine.diffusion.RowStart} begins a sample, {@link
 * dev.weir.engine.diffusion.Row} holds its run, {@link dev.weir.engine.diffusion.StepBatch} takes many of them one step
 * further in one forward of the network. Pure Java over {@link dev.weir.engine.Denoiser}; who shares a batch is chosen
 * elsewhere.
 */
package dev.weir.engine.diffusion;
