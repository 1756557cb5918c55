/**
 * Reads PyTorch's pickled files without running what they say. {@link dev.weir.engine.pickle.PickledFile} knows tensors, numbers, texts
 * and containers, and refuses all else by its name in Python.
 */
package dev.weir.engine.pickle;
