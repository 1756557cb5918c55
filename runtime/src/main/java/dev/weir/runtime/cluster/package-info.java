/** The cluster. The only package that sees Hazelcast; everyone else sees a Vertx. */
package dev.weir.runtime.cluster;
