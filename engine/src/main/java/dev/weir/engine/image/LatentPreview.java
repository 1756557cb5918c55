package dev.weir.engine.image;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.JsonFile;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.RgbImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The cheapest frame of an emerging image: a linear map from the channels of x0 to RGB, with one pixel per latent
 * pixel.
 *
 * <p>Latents have the denoiser's scale; {@code rgb = x0 * matrix + bias} is in [-1, 1]. Immutable; any thread.
 */
public final class LatentPreview implements FramePreview {

    private static final int RGB = 3;

    private final float[][] matrix;
    private final float[] bias;

    /**
     * @param matrix of a channel in each row: what it adds to red, green and blue
     */
    public LatentPreview(float[][] matrix, float[] bias) {
        this.matrix = matrix;
        this.bias = bias;
    }

    /**
     * The map in the model's {@code vae/latent_rgb.json}, otherwise the known one of its autoencoder, otherwise none.
     */
    public static Optional<LatentPreview> of(Path model) {
        Path file = model.resolve("vae/latent_rgb.json");
        if (Files.exists(file)) {
            return Optional.of(read(file));
        }
        Path config = model.resolve("vae/config.json");
        if (!Files.exists(config)) {
            return Optional.empty();
        }
        return PublishedLatents.of(JsonFile.read(config)).map(PublishedLatents::preview);
    }

    /** An image of the latent's size, or of {@code enlargement} times its sides, interpolated. */
    @Override
    public RgbImage image(LatentShape shape, float[] original, int enlargement) {
        if (shape.channels() != matrix.length) {
            throw new IllegalArgumentException(
                    "the preview maps %d channels, not %d".formatted(matrix.length, shape.channels()));
        }
        int area = shape.height() * shape.width();
        float[] planes = new float[RGB * area];
        for (int color = 0; color < RGB; color++) {
            for (int pixel = 0; pixel < area; pixel++) {
                float value = bias[color];
                for (int channel = 0; channel < matrix.length; channel++) {
                    value += matrix[channel][color] * original[channel * area + pixel];
                }
                planes[color * area + pixel] = value;
            }
        }
        LatentShape small = new LatentShape(RGB, shape.height(), shape.width());
        float[] large = enlargement == 1 ? planes : Bilinear.enlarge(small, planes, enlargement);
        return quantized(large, shape.width() * enlargement, shape.height() * enlargement);
    }

    private static RgbImage quantized(float[] planes, int width, int height) {
        int area = width * height;
        byte[] pixels = new byte[RGB * area];
        for (int color = 0; color < RGB; color++) {
            for (int pixel = 0; pixel < area; pixel++) {
                float level = (planes[color * area + pixel] + 1) * 127.5f;
                pixels[RGB * pixel + color] = (byte) Math.round(Math.min(Math.max(level, 0), 255));
            }
        }
        return new RgbImage(width, height, pixels);
    }

    private static LatentPreview read(Path file) {
        JsonNode json = JsonFile.read(file);
        JsonNode rows = json.path("matrix");
        if (!rows.isArray() || rows.isEmpty()) {
            throw new ModelException(file + ": matrix: not a list of [red, green, blue] a latent channel");
        }
        float[][] matrix = new float[rows.size()][];
        for (int channel = 0; channel < matrix.length; channel++) {
            matrix[channel] = color(file, "matrix", rows.get(channel));
        }
        return new LatentPreview(matrix, json.has("bias") ? color(file, "bias", json.get("bias")) : new float[RGB]);
    }

    private static float[] color(Path file, String key, JsonNode values) {
        float[] color = new float[RGB];
        for (int i = 0; i < RGB; i++) {
            if (values.size() != RGB || !values.get(i).isNumber()) {
                throw new ModelException("%s: %s: not [red, green, blue]: %s".formatted(file, key, values));
            }
            color[i] = values.get(i).floatValue();
        }
        return color;
    }
}
