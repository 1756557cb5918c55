/**
 * Families of diffusion pipelines: {@link dev.weir.engine.pipeline.PipelineTypes} lists them. A {@link
 * dev.weir.engine.pipeline.PipelineType} is the only class that knows the name of its family. It says which parts a folder has,
 * what stages a request passes, and how a sample begins at each.
 */
package dev.weir.engine.pipeline;
