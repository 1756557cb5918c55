/**
 * Describing a network: a builder whose calls declare weights and emit TorchScript, and the archive that libtorch loads.
 *
 * <p>Pure text and bytes. Nothing here computes or knows DJL.
 */
package dev.weir.engine.graph;
