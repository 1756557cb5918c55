/**
 * LoRA files: which of a model's layers they change and how, and the bank that a network takes the changes from.
 *
 * <p>Nothing here runs a network.
 */
package dev.weir.engine.adapter;
