/** Textual inversion: words of a model's text encoders that files bring. */
package dev.weir.engine.inversion;
