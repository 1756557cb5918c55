/**
 * A network as TorchScript: the source of its methods, and the archive that libtorch loads.
 *
 * <p>Pure text and bytes. Nothing here computes or knows DJL.
 */
package dev.weir.engine.torchscript;
