package dev.weir.client;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * The pictures that a request brings. Immutable. Start from {@link #NONE}.
 *
 * @param image the picture to change, a PNG, JPEG or WebP file in base64
 * @param mask which part of it is painted, a file in base64: white is painted
 * @param depthMap how near each part of the picture is, a grey file in base64: brighter is nearer. For depth-to-image models
 * @param strength how far the picture is changed, 0 to 1
 * @param maskBlur the deviation of the soft edges that the mask gets, in pixels
 * @param maskedContent what the masked part begins as: original, fill, noise or nothing
 * @param paddingMaskCrop only what the mask marks and so many pixels around it are painted, at the full size, and put back into
 *     the picture
 * @param controls networks that steer the picture, each with a picture of its own
 */
public record ImageInput(
        Optional<String> image,
        Optional<String> mask,
        Optional<String> depthMap,
        Optional<Double> strength,
        Optional<Double> maskBlur,
        Optional<String> maskedContent,
        Optional<Integer> paddingMaskCrop,
        List<ControlInput> controls) {

    public static final ImageInput NONE = new ImageInput(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            List.of());

    public ImageInput {
        controls = List.copyOf(controls);
    }

    public ImageInput withImage(byte[] file) {
        return new ImageInput(
                Optional.of(base64(file)),
                mask,
                depthMap,
                strength,
                maskBlur,
                maskedContent,
                paddingMaskCrop,
                controls);
    }

    public ImageInput withMask(byte[] file) {
        return new ImageInput(
                image,
                Optional.of(base64(file)),
                depthMap,
                strength,
                maskBlur,
                maskedContent,
                paddingMaskCrop,
                controls);
    }

    public ImageInput withDepthMap(byte[] file) {
        return new ImageInput(
                image, mask, Optional.of(base64(file)), strength, maskBlur, maskedContent, paddingMaskCrop, controls);
    }

    public ImageInput withStrength(Double share) {
        return new ImageInput(
                image, mask, depthMap, Optional.ofNullable(share), maskBlur, maskedContent, paddingMaskCrop, controls);
    }

    public ImageInput withMaskBlur(Double pixels) {
        return new ImageInput(
                image, mask, depthMap, strength, Optional.ofNullable(pixels), maskedContent, paddingMaskCrop, controls);
    }

    public ImageInput withMaskedContent(String kind) {
        return new ImageInput(
                image, mask, depthMap, strength, maskBlur, Optional.ofNullable(kind), paddingMaskCrop, controls);
    }

    public ImageInput withPaddingMaskCrop(Integer pixels) {
        return new ImageInput(
                image, mask, depthMap, strength, maskBlur, maskedContent, Optional.ofNullable(pixels), controls);
    }

    /** One more ControlNet. */
    public ImageInput withControl(ControlInput control) {
        List<ControlInput> all = new ArrayList<>(controls);
        all.add(control);
        return new ImageInput(image, mask, depthMap, strength, maskBlur, maskedContent, paddingMaskCrop, all);
    }

    static String base64(byte[] file) {
        return Base64.getEncoder().encodeToString(file);
    }

    /** Puts the fields that have a value, under the names that the gateway has for them. */
    public void addTo(ObjectNode json) {
        image.ifPresent(value -> json.put("init_image", value));
        mask.ifPresent(value -> json.put("mask", value));
        depthMap.ifPresent(value -> json.put("depth_map", value));
        strength.ifPresent(value -> json.put("strength", value));
        maskBlur.ifPresent(value -> json.put("mask_blur", value));
        maskedContent.ifPresent(value -> json.put("masked_content", value));
        paddingMaskCrop.ifPresent(value -> json.put("padding_mask_crop", value));
        if (!controls.isEmpty()) {
            ArrayNode nets = json.putArray("controlnets");
            controls.forEach(control -> control.addTo(nets.addObject()));
        }
    }
}
