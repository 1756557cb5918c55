/**
 * What the services share between the engine, which computes, and the runtime, which serves: the models that a stage
 * opened, and the step loop of the stages that diffuse.
 */
package dev.weir.serving;
