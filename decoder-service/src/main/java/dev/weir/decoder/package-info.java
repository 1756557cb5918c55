/** The last stage: latents to pictures and frames, encoded. */
package dev.weir.decoder;
