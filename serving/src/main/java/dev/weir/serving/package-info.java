/**
 * What the services share between the engine, which computes, and the runtime, which serves: the opened models of a
 * stage, and the step loop of the diffusion stages.
 */
package dev.weir.serving;
