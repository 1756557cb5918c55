package dev.weir.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/**
 * A ControlNet or T2I-Adapter that steers a picture. Immutable. A value that is empty takes the gateway's default.
 *
 * @param name one of those that the model lists
 * @param image that says where things are, a PNG, JPEG or WebP file in base64
 * @param preprocess what is made of it first: {@code none}, {@code canny}, {@code blur} or {@code invert}
 * @param scale how much the net counts
 * @param start the share of the steps before which it does not steer, 0 to 1
 * @param end the share of the steps after which it does not
 * @param guess whether it steers without the help of the prompt; not of a T2I-Adapter
 */
public record ControlInput(
        String name,
        String image,
        Optional<String> preprocess,
        Optional<Double> scale,
        Optional<Double> start,
        Optional<Double> end,
        boolean guess) {

    /** @param image a PNG, JPEG or WebP file */
    public static ControlInput of(String name, byte[] image) {
        return new ControlInput(
                name,
                ImageInput.base64(image),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false);
    }

    public ControlInput withPreprocess(String how) {
        return new ControlInput(name, image, Optional.ofNullable(how), scale, start, end, guess);
    }

    public ControlInput withScale(Double factor) {
        return new ControlInput(name, image, preprocess, Optional.ofNullable(factor), start, end, guess);
    }

    public ControlInput withStart(Double share) {
        return new ControlInput(name, image, preprocess, scale, Optional.ofNullable(share), end, guess);
    }

    public ControlInput withEnd(Double share) {
        return new ControlInput(name, image, preprocess, scale, start, Optional.ofNullable(share), guess);
    }

    public ControlInput withGuess(boolean on) {
        return new ControlInput(name, image, preprocess, scale, start, end, on);
    }

    void addTo(ObjectNode json) {
        json.put("name", name).put("image", image);
        preprocess.ifPresent(value -> json.put("preprocess", value));
        scale.ifPresent(value -> json.put("scale", value));
        start.ifPresent(value -> json.put("start", value));
        end.ifPresent(value -> json.put("end", value));
        if (guess) {
            json.put("guess", true);
        }
    }
}
