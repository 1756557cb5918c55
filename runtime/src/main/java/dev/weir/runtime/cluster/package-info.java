/** The cluster. The only package that uses Hazelcast; all others only see a Vertx. */
package dev.weir.runtime.cluster;
