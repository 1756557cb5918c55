package dev.weir.engine.image;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ModelException;
import java.util.List;

/**
 * Makes the pixels that CLIP's vision network takes from a picture, as {@code CLIPImageProcessor} of transformers does: resized
 * as by PIL, cropped at the centre, scaled and normalized. Immutable; any thread.
 *
 * @param shortestEdge the size of the shorter side after resizing; 0 where {@code width} and {@code height} say both
 */
public record ClipImageProcessor(
        boolean resizes,
        int shortestEdge,
        int width,
        int height,
        Filter filter,
        boolean crops,
        int cropWidth,
        int cropHeight,
        double scale,
        float[] mean,
        float[] deviation) {

    /** The names that transformers gives it. */
    public static final List<String> CLASSES =
            List.of("CLIPImageProcessor", "CLIPFeatureExtractor", "CLIPImageProcessorFast");

    /** A picture one pixel wide would otherwise be resized to thousands of times its memory. */
    private static final int MOST_TIMES_LONGER = 100;

    private static final double[] CLIP_MEAN = {0.48145466, 0.4578275, 0.40821073};
    private static final double[] CLIP_DEVIATION = {0.26862954, 0.26130258, 0.27577711};

    /** The one that transformers has for a side that is not said elsewhere. */
    public static ClipImageProcessor ofSide(int side) {
        return new ClipImageProcessor(
                true,
                side,
                0,
                0,
                Filter.BICUBIC,
                true,
                side,
                side,
                1 / 255.0,
                floats(CLIP_MEAN),
                floats(CLIP_DEVIATION));
    }

    private static float[] floats(double[] values) {
        var floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /** Reads {@code preprocessor_config.json}. Throws {@link ModelException} naming a key that it cannot do. */
    public static ClipImageProcessor read(JsonNode json) {
        var name = json.path("image_processor_type")
                .asText(json.path("feature_extractor_type").asText(""));
        if (!name.isEmpty() && !CLASSES.contains(name)) {
            throw new ModelException("image processor %s is not supported; known: CLIPImageProcessor".formatted(name));
        }
        var size = json.path("size");
        boolean bothSides = size.has("height") && size.has("width");
        if (size.isObject() && !bothSides && !size.has("shortest_edge")) {
            throw new ModelException(
                    "size %s is not supported; known: shortest_edge, or height and width".formatted(size));
        }
        var crop = json.path("crop_size");
        boolean normalizes = json.path("do_normalize").asBoolean(true);
        return new ClipImageProcessor(
                json.path("do_resize").asBoolean(true),
                bothSides ? 0 : side("size", size.isObject() ? size.path("shortest_edge") : size),
                bothSides ? side("size", size.path("width")) : 0,
                bothSides ? side("size", size.path("height")) : 0,
                filter(json.path("resample").asInt(Filter.BICUBIC.ordinal())),
                json.path("do_center_crop").asBoolean(true),
                side("crop_size", crop.isObject() ? crop.path("width") : crop),
                side("crop_size", crop.isObject() ? crop.path("height") : crop),
                json.path("do_rescale").asBoolean(true)
                        ? json.path("rescale_factor").asDouble(1 / 255.0)
                        : 1,
                normalizes ? colours(json, "image_mean", CLIP_MEAN) : new float[Bitmap.RGB],
                normalizes ? colours(json, "image_std", CLIP_DEVIATION) : new float[] {1, 1, 1});
    }

    private static int side(String key, JsonNode value) {
        int side = value.isMissingNode() ? 224 : value.asInt();
        if (side < 1 || side > 4096) {
            throw new ModelException("%s %s is not supported; it is between 1 and 4096".formatted(key, value));
        }
        return side;
    }

    private static Filter filter(int number) {
        if (number < 0 || number >= Filter.values().length) {
            throw new ModelException("resample %d is not supported; it is between 0 and 5".formatted(number));
        }
        return Filter.values()[number];
    }

    private static float[] colours(JsonNode json, String key, double[] otherwise) {
        var values = json.path(key);
        var colours = new float[Bitmap.RGB];
        for (int i = 0; i < colours.length; i++) {
            colours[i] = (float)
                    (values.isMissingNode()
                            ? otherwise[i]
                            : values.isArray() ? values.path(i).asDouble(Double.NaN) : values.asDouble(Double.NaN));
            if (Float.isNaN(colours[i])) {
                throw new ModelException("%s is not a number of each colour: %s".formatted(key, values));
            }
        }
        return colours;
    }

    /** Normalized pixels, {@code [3, height, width]}, of any picture. */
    public float[] pixels(Bitmap picture) {
        var image = picture.rgb();
        if (resizes) {
            image = resized(image);
        }
        if (crops) {
            image = centre(image);
        }
        int area = image.width() * image.height();
        var pixels = new float[Bitmap.RGB * area];
        for (int channel = 0; channel < Bitmap.RGB; channel++) {
            for (int pixel = 0; pixel < area; pixel++) {
                float value = (float) ((image.values()[pixel * Bitmap.RGB + channel] & 0xFF) * scale);
                pixels[channel * area + pixel] = (value - mean[channel]) / deviation[channel];
            }
        }
        return pixels;
    }

    private Bitmap resized(Bitmap image) {
        if (shortestEdge == 0) {
            return Resampler.resize(image, width, height, filter);
        }
        int shorter = Math.min(image.width(), image.height());
        int longer = Math.max(image.width(), image.height());
        if (longer / shorter > MOST_TIMES_LONGER) {
            throw new IllegalArgumentException("a picture of %dx%d is too narrow: one side may be %d times the other"
                    .formatted(image.width(), image.height(), MOST_TIMES_LONGER));
        }
        int newLonger = (int) ((double) shortestEdge * longer / shorter);
        return image.width() <= image.height()
                ? Resampler.resize(image, shortestEdge, newLonger, filter)
                : Resampler.resize(image, newLonger, shortestEdge, filter);
    }

    /** A smaller picture is put on black. */
    private Bitmap centre(Bitmap image) {
        return Bitmap.black(cropWidth, cropHeight, Bitmap.RGB)
                .paste(image, -offset(image.width(), cropWidth), -offset(image.height(), cropHeight));
    }

    /** Where the crop begins in the picture; negative for a smaller picture, rounded down in both cases. */
    private static int offset(int side, int crop) {
        return Math.floorDiv(side - crop, 2);
    }
}
