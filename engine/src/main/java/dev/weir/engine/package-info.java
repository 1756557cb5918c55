/**
 * The numbers: model folders, networks, samplers, noise and pictures.
 *
 * <p>This package is the module's face: what a stage needs to compute, in plain arrays. DJL stays behind it, and so do
 * the bus and the cluster: the engine knows neither.
 *
 * <p>It begins with a diffusers folder. {@link dev.weir.engine.ModelFolder#open} reads its configurations, and gives its
 * {@link dev.weir.engine.ModelCard} and, each by itself and for the device it shall run on, the parts that stages need:
 * text encoder, denoiser, upsampler, image codec. A publisher may add a {@code weir.json} with what diffusers' files do
 * not tell:
 *
 * <pre>{@code
 * {"id": "icons", "native_size": 128, "upsample_factor": 2,
 *  "defaults": {"steps": 20, "guidance_scale": 4, "sampler": "ddim", "upsampler_steps": 8, "upsampler_noise_level": 100}}
 * }</pre>
 *
 * <p>Every key of it is optional. {@link dev.weir.engine.ModelReport#inspect} says of any diffusers folder what runs,
 * what does not, and why. A folder is a stranger's word: what is wrong with it is a {@link
 * dev.weir.engine.ModelException} that names file and key, or file and tensor.
 */
package dev.weir.engine;
