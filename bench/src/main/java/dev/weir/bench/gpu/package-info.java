/** Networks as TorchScript archives without weights, for tools/gpu/measure.py, which runs them where a GPU is. */
package dev.weir.bench.gpu;
