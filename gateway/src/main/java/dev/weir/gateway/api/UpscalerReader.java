package dev.weir.gateway.api;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Upscaler;

/** Reads which upscaler a request names, among those that nodes have, for the pictures that it makes. Stateless. */
final class UpscalerReader {

    static final String FIELD = "upscaler";

    /** Of one picture, of which the decoder node holds a few copies. */
    private static final long MOST_PIXELS = 1 << 24;

    /** Of all pictures of a request, whose files the gateway holds at once, and as base64. */
    private static final long MOST_PIXELS_OF_ALL = 2 * MOST_PIXELS;

    /** What WebP can hold. */
    private static final int MOST_SIDE = 16_383;

    private UpscalerReader() {}

    /** Adds it to a generation whose size is known. */
    static void read(Fields fields, ModelCard card, int samples, Generation.Builder generation) {
        fields.text(FIELD).ifPresent(name -> {
            if (generation.hasPaddingMaskCrop()) {
                throw fields.invalid(
                        "unsupported_parameter",
                        FIELD,
                        "is not taken together with padding_mask_crop, whose picture keeps the size of the image");
            }
            Upscaler upscaler = find(fields, FIELD, card, name);
            requireRoom(fields, upscaler, generation.getWidth(), generation.getHeight(), samples);
            generation.addUpscalers(upscaler).setFinishing(Resizing.newBuilder().addSteps(step(upscaler)));
        });
    }

    /** Throws {@link ApiException} that says why there is none of the name. */
    static Upscaler find(Fields fields, String field, ModelCard card, String name) {
        return KnownFiles.upscalers(card).find(fields, field, name);
    }

    static Resizing.Step step(Upscaler upscaler) {
        return Resizing.Step.newBuilder().setUpscaler(upscaler.getName()).build();
    }

    /** Refuses pictures that would become too large. */
    static void requireRoom(Fields fields, Upscaler upscaler, int width, int height, int samples) {
        long wide = (long) width * upscaler.getScale();
        long high = (long) height * upscaler.getScale();
        if (wide * high > MOST_PIXELS
                || wide * high * samples > MOST_PIXELS_OF_ALL
                || Math.max(wide, high) > MOST_SIDE) {
            throw fields.invalid(
                    "out_of_range",
                    FIELD,
                    "makes %d of %dx%d; sides are at most %d, a picture has at most %d pixels, and all of a request %d"
                            .formatted(samples, wide, high, MOST_SIDE, MOST_PIXELS, MOST_PIXELS_OF_ALL));
        }
    }
}
