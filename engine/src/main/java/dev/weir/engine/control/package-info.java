/**
 * ControlNets and T2I-Adapters: the files of a folder that fit a model ({@link dev.weir.engine.control.ControlNet}), and how one steers a row ({@link
 * dev.weir.engine.control.Control}). The networks themselves are in {@code network}.
 */
package dev.weir.engine.control;
