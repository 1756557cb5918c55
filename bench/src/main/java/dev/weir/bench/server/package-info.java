/** Weir's server beside the server that one writes with FastAPI and diffusers. */
package dev.weir.bench.server;
