/** The first stage: prompts to text states. */
package dev.weir.textencoder;
