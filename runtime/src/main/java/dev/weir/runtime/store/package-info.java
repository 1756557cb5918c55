/** The durable memory of a cluster: PostgreSQL in place of the RAM of the nodes, for what gateways must not lose. */
package dev.weir.runtime.store;
