/** What more nodes bring, and what they cost, with stages that spend fixed times instead of computing. */
package dev.weir.bench.scale;
