/** Jobs that outlive their requests and their gateways: what is written of them, who owns them, and how others come to see them. */
package dev.weir.gateway.ledger;
