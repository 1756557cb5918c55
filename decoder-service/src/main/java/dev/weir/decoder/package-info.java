/** The decoder stage, the last one: from latents to encoded images and frames. */
package dev.weir.decoder;
