package dev.weir.bench.server;

/**
 * When a client saw what it asked for, in seconds after it asked.
 *
 * @param frame the first frame, or the picture where there was none before it
 * @param picture the finished picture
 */
record Answer(double frame, double picture) {}
