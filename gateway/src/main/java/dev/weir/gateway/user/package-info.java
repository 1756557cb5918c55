/** Who may use a gateway, and how much. It has no HTTP. */
package dev.weir.gateway.user;
