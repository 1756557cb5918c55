/** libtorch through DJL, which is seen in this package only: starting it, loading a network, running a forward. */
package dev.weir.engine.torch;
