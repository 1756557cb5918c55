package dev.weir.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Base64;
import java.util.Optional;

/**
 * The pictures that a request brings. Immutable. Start from {@link #NONE}.
 *
 * @param image the picture to change, a PNG, JPEG or WebP file in base64
 * @param mask which part of it is painted, a file in base64: white is painted
 * @param strength how far the picture is changed, 0 to 1
 */
public record ImageInput(Optional<String> image, Optional<String> mask, Optional<Double> strength) {

    public static final ImageInput NONE = new ImageInput(Optional.empty(), Optional.empty(), Optional.empty());

    public ImageInput withImage(byte[] file) {
        return new ImageInput(Optional.of(base64(file)), mask, strength);
    }

    public ImageInput withMask(byte[] file) {
        return new ImageInput(image, Optional.of(base64(file)), strength);
    }

    public ImageInput withStrength(Double share) {
        return new ImageInput(image, mask, Optional.ofNullable(share));
    }

    private static String base64(byte[] file) {
        return Base64.getEncoder().encodeToString(file);
    }

    /** Puts the fields that have a value, under the names that the gateway has for them. */
    public void addTo(ObjectNode json) {
        image.ifPresent(value -> json.put("init_image", value));
        mask.ifPresent(value -> json.put("mask", value));
        strength.ifPresent(value -> json.put("strength", value));
    }
}
