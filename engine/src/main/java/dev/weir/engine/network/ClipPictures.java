package dev.weir.engine.network;

import dev.weir.engine.HostTensor;
import dev.weir.engine.ImageEncoder;
import dev.weir.engine.ModelException;
import dev.weir.engine.PictureChecker;
import dev.weir.engine.RgbImage;
import dev.weir.engine.Tensors;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.ClipImageProcessor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/** Runs a network that sees pictures as CLIP does. */
final class ClipPictures {

    private final Executable network;
    private final ClipImageProcessor processor;
    private final int side;

    /** @param side of the pictures that the network takes, in pixels */
    ClipPictures(Executable network, ClipImageProcessor processor, int side) {
        this.network = network;
        this.processor = processor;
        this.side = side;
    }

    /** Throws ModelException where the processor does not give what the network takes. */
    static void requireFit(ClipImageProcessor processor, int side) {
        if (!processor.crops() || processor.cropWidth() != side || processor.cropHeight() != side) {
            throw new ModelException(
                    "preprocessor_config.json: crop_size does not give image_size %d of config.json".formatted(side));
        }
    }

    private <T> List<T> run(List<float[]> pictures, BiFunction<ByteBuffer, Integer, List<T>> reader) {
        if (pictures.isEmpty()) {
            return List.of();
        }
        var pixels = Feed.floats(
                bytes -> {
                    var out = bytes.asFloatBuffer();
                    pictures.forEach(out::put);
                },
                pictures.size(),
                Bitmap.RGB,
                side,
                side);
        return network.run(ClipVisionModel.FORWARD, List.of(pixels), out -> reader.apply(out, pictures.size()));
    }

    /** All that the network gives for the pixels of each picture. */
    List<float[]> views(List<float[]> pixels) {
        return run(pixels, ClipPictures::rows);
    }

    /** The same for a picture whose normalized pixels are zeros. */
    float[] viewOfNothing() {
        return run(List.of(zeros()), ClipPictures::rows).get(0);
    }

    private float[] zeros() {
        return new float[Bitmap.RGB * side * side];
    }

    void close() {
        network.close();
    }

    ImageEncoder encoder() {
        return new ImageEncoder() {
            @Override
            public float[] pixels(Bitmap picture) {
                return processor.pixels(picture);
            }

            @Override
            public List<Tensors> encode(List<float[]> pixels) {
                return run(pixels, ClipPictures::embeds);
            }

            @Override
            public Tensors encodeZeros() {
                return encode(List.of(zeros())).get(0);
            }

            @Override
            public void close() {
                network.close();
            }
        };
    }

    PictureChecker checker() {
        return new PictureChecker() {
            @Override
            public List<Optional<Boolean>> flags(List<RgbImage> pictures) {
                return run(
                        pictures.stream().map(Bitmap::of).map(processor::pixels).toList(), SafetyChecker::flags);
            }

            @Override
            public void close() {
                network.close();
            }
        };
    }

    private static List<Tensors> embeds(ByteBuffer out, int count) {
        return rows(out, count).stream()
                .map(values -> Tensors.of(Tensors.IMAGE_EMBEDS, HostTensor.of(values, values.length)))
                .toList();
    }

    private static List<float[]> rows(ByteBuffer out, int count) {
        var all = out.asFloatBuffer();
        int size = all.remaining() / count;
        var rows = new ArrayList<float[]>();
        for (int i = 0; i < count; i++) {
            var values = new float[size];
            all.get(values);
            rows.add(values);
        }
        return rows;
    }
}
