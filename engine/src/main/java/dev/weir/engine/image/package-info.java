/** Pictures: files, resizing, masks, and the cheap frames that need no decoder. No network runs here. */
package dev.weir.engine.image;
