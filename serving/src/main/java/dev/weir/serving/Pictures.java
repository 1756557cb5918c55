package dev.weir.serving;

import dev.weir.engine.RgbImage;
import dev.weir.engine.image.ImageFile;
import dev.weir.engine.image.ImageFormat;
import dev.weir.engine.image.PictureText;
import dev.weir.picture.PngText;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Outbox.EncodedImage;
import dev.weir.runtime.stage.Target;
import dev.weir.runtime.stage.Work;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;

/** Encodes images and frames as files. */
public final class Pictures {

    private static final int FRAME_QUALITY = 85;
    private static final String PLY = "ply";

    private Pictures() {}

    /** A frame: small, because many of them follow one another. */
    public static EncodedImage frame(RgbImage image) {
        return encoded(image, ImageFile.encode(image, ImageFormat.JPEG, FRAME_QUALITY, Map.of()));
    }

    /**
     * The image in the requested format. A PNG contains the settings that made it, and its latent where the request wants that.
     *
     * @param isShown whether the image may be seen; otherwise its latent is left out
     * @param points the file of the cloud of points of which it is a picture; a PNG contains it too
     */
    public static EncodedImage picture(
            RgbImage image, Work work, Target decoder, boolean isShown, Optional<byte[]> points) {
        Task task = work.task();
        Generation generation = task.getGeneration();
        if (generation.getOutputFormat().equals(PLY)) {
            byte[] file = points.orElseThrow(() -> new IllegalArgumentException("the model makes no clouds of points"));
            return new EncodedImage(PLY, image.width(), image.height(), file);
        }
        Map<String, String> text = new PictureText(
                        generation.getPrompt(),
                        generation.getNegativePrompt(),
                        generation.getSteps(),
                        generation.getSampler(),
                        generation.getGuidanceScale(),
                        generation.getSeed(),
                        generation.hasFinishing() ? generation.getWidth() : image.width(),
                        generation.hasFinishing() ? generation.getHeight() : image.height(),
                        task.getModel(),
                        MoreSettings.of(generation),
                        String.join(" + ", work.engines(decoder)))
                .byKeyword();
        if (generation.getKeepsLatent() && isShown) {
            text.put(PngText.LATENT, LatentText.of(Latents.of(work)));
        }
        ImageFormat format = ImageFormat.of(generation.getOutputFormat());
        points.filter(file -> format == ImageFormat.PNG)
                .ifPresent(file -> text.put(PngText.POINTS, Base64.getEncoder().encodeToString(file)));
        return encoded(image, ImageFile.encode(image, format, generation.getOutputCompression(), text));
    }

    /** A picture that was not generated, in the requested format. */
    public static EncodedImage plain(RgbImage image, Generation generation) {
        ImageFormat format = ImageFormat.of(generation.getOutputFormat());
        return encoded(image, ImageFile.encode(image, format, generation.getOutputCompression(), Map.of()));
    }

    private static EncodedImage encoded(RgbImage image, ImageFile file) {
        return new EncodedImage(file.format().id(), image.width(), image.height(), file.bytes());
    }
}
