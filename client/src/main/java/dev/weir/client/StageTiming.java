package dev.weir.client;

/**
 * What one stage took for one image.
 *
 * @param seconds from acceptance to hand-over
 * @param queuedSeconds the part of {@code seconds} that the image waited for the device
 */
public record StageTiming(String stage, String node, double seconds, double queuedSeconds) {}
