/** Measurements that {@code weir bench} runs; never on the release path. */
package dev.weir.bench;
