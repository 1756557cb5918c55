/**
 * Text-to-image of Hugging Face's Inference API ({@code POST /models/ID}). It translates requests to Weir's own fields and answers with
 * the bytes of one picture. It owns no jobs.
 */
package dev.weir.gateway.huggingface;
