/**
 * The names that the original repositories (CompVis/stable-diffusion, Stability-AI/generative-models, mlfoundations/open_clip) give to
 * the weights of a whole model in one file, and the views of them under diffusers' names. The rules are those of diffusers 0.35.2,
 * loaders/single_file_utils.py, which recorded fixtures hold them to.
 */
package dev.weir.engine.original;
