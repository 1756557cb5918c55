package dev.weir.serving;

import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.image.Interpolation;
import dev.weir.engine.pipeline.Port;
import dev.weir.picture.PictureException;
import dev.weir.picture.PngText;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.runtime.stage.Work;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;

/**
 * The latent of a picture in the text of its PNG: channels, height and width, then float32 numbers, as base64. So a second pass begins
 * with the latent and not with what the autoencoder makes of the picture. Stateless; any thread.
 */
public final class LatentText {

    private static final int SIDES = 3;

    private LatentText() {}

    static String of(Tensor latent) {
        LatentShape shape = Latents.shapeOf(latent);
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * (SIDES + shape.size()));
        bytes.putInt(shape.channels()).putInt(shape.height()).putInt(shape.width());
        bytes.asFloatBuffer().put(latent.toFloats());
        return Base64.getEncoder().encodeToString(bytes.array());
    }

    /**
     * The latent that work begins with, at the size of its own latents; empty where it begins with pixels.
     *
     * @param scale pixels for each place of the latent
     * @throws PictureException if the init image's file has no latent
     */
    public static Optional<HostTensor> resized(Work work, int scale) {
        Generation generation = work.task().getGeneration();
        if (generation.getLatentResize().isEmpty()) {
            return Optional.empty();
        }
        Interpolation resize = Arrays.stream(Interpolation.values())
                .filter(known -> known.word().equals(generation.getLatentResize()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "latents are not resized by \"%s\"".formatted(generation.getLatentResize())));
        String text = PngText.of(work.tensor(Port.INIT_IMAGE.name()).toBytes()).get(PngText.LATENT);
        if (text == null) {
            throw new PictureException(
                    "init_image: its file has no latent; one that the safety checker has made black gets none");
        }
        int height = work.stage().getHeight() / scale;
        int width = work.stage().getWidth() / scale;
        ByteBuffer bytes = decoded(text);
        LatentShape shape = new LatentShape(bytes.getInt(), bytes.getInt(), bytes.getInt());
        FloatBuffer numbers = bytes.asFloatBuffer();
        if (shape.size() != numbers.remaining()) {
            throw damaged();
        }
        float[] latent = new float[numbers.remaining()];
        numbers.get(latent);
        float[] resized = generation.getLatentCrop()
                ? resize.resizeMiddle(shape, latent, height, width)
                : resize.resize(shape, latent, height, width);
        return Optional.of(HostTensor.of(resized, shape.channels(), height, width));
    }

    private static ByteBuffer decoded(String text) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(text));
            if (bytes.remaining() > Integer.BYTES * SIDES) {
                return bytes;
            }
        } catch (IllegalArgumentException e) {
            throw damaged();
        }
        throw damaged();
    }

    private static PictureException damaged() {
        return new PictureException("init_image: the latent in its file is damaged");
    }
}
