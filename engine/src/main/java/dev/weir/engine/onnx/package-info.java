/**
 * A network as an ONNX model, and ONNX Runtime, which runs it. ONNX Runtime is seen in this package only.
 *
 * <p>The model holds no weights: they stay in the checkpoint's files, which the model points into.
 */
package dev.weir.engine.onnx;
