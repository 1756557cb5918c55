/**
 * The numbers: model folders, networks, samplers, noise and pictures.
 *
 * <p>This package is the module's face: what a stage needs to compute, in plain arrays. DJL stays behind it, and so do
 * the bus and the cluster: the engine knows neither.
 */
package dev.weir.engine;
