/**
 * Describing a network: a builder whose calls declare weights and append operations to a list, which back ends translate.
 *
 * <p>Nothing here computes, and nothing here knows an engine.
 */
package dev.weir.engine.graph;
