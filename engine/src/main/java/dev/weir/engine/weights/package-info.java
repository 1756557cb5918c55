/**
 * Weights of model components, read from safetensors by memory map.
 *
 * <p>{@link dev.weir.engine.weights.ComponentWeights#open} takes a component's folder ({@code unet}, {@code vae}, …) and
 * gives its tensors by the checkpoint's own names, whether they lie in one file or in shards with an index. Every tensor
 * is a view of the mapped file, so opening a model of many gigabytes takes milliseconds and no heap.
 *
 * <p>A file that breaks the format is refused as a whole, with a {@link dev.weir.engine.ModelException} that names file
 * and tensor: these files come from strangers. What the tensors mean, and whether any is missing, is for the networks
 * to say.
 */
package dev.weir.engine.weights;
