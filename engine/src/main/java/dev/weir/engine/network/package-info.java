/**
 * The networks, one readable file each, and the classes that run them behind the engine's face.
 *
 * <p>{@link dev.weir.engine.network.Networks} is the way in.
 */
package dev.weir.engine.network;
