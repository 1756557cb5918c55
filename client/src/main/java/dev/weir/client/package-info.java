/**
 * A client for Weir's gateways. {@link dev.weir.client.WeirClient} is the entry point. The package uses the JDK's HTTP client and
 * Jackson, and no other module of Weir.
 */
package dev.weir.client;
