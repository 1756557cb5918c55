package dev.weir.client;

import java.util.List;

/**
 * A finished image.
 *
 * @param sample its number in the request, from 0
 * @param seed an unsigned number, see {@link Long#toUnsignedString}
 * @param steps the network calls of all stages together: some samplers make more of them than the steps that were asked for
 * @param seconds from the gateway's acceptance of the request to the end
 * @param flagged whether the model's safety checker found something in it; false where none looked
 * @param bytes the encoded file
 */
public record GeneratedImage(
        int sample,
        long seed,
        ImageFormat format,
        int width,
        int height,
        int steps,
        double seconds,
        List<StageTiming> timings,
        boolean flagged,
        byte[] bytes) {}
