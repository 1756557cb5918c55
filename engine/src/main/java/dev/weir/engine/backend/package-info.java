/** What networks need from a library that runs them, whichever it is. */
package dev.weir.engine.backend;
