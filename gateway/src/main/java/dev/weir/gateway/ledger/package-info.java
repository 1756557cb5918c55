/**
 * Jobs that outlive their requests and their gateways: their records, their owners, and how other gateways read them.
 */
package dev.weir.gateway.ledger;
