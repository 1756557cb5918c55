/**
 * Samplers: how a noisy latent becomes a clean one, step by step, given what the network says at each.
 *
 * <p>{@link dev.weir.engine.sampler.SchedulerConfig#read} takes a model's {@code scheduler_config.json}, and {@link
 * dev.weir.engine.sampler.Samplers#create} makes a {@link dev.weir.engine.sampler.Sampler} of it by name and step count.
 * All is plain Java over float arrays, in float32 and in the order of operations of diffusers 0.35.2, whose trajectories
 * the tests hold it to.
 */
package dev.weir.engine.sampler;
