/** Pictures as files, and the cheap frames that need no decoder. Formats are the JDK's; no network runs here. */
package dev.weir.engine.image;
