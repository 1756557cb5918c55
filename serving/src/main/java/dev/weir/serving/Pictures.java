package dev.weir.serving;

import dev.weir.engine.RgbImage;
import dev.weir.engine.image.ImageFile;
import dev.weir.engine.image.ImageFormat;
import dev.weir.engine.image.PictureText;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.StageTiming;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Outbox.EncodedImage;
import dev.weir.runtime.stage.Target;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Encodes images and frames as files. */
public final class Pictures {

    private static final int FRAME_QUALITY = 85;

    private Pictures() {}

    /** A frame: small, because many of them follow one another. */
    public static EncodedImage frame(RgbImage image) {
        return encoded(image, ImageFile.encode(image, ImageFormat.JPEG, FRAME_QUALITY, Map.of()));
    }

    /** The image in the requested format. A PNG contains the settings that made it. */
    public static EncodedImage picture(RgbImage image, Task task, Target decoder) {
        Generation generation = task.getGeneration();
        Map<String, String> text = new PictureText(
                        generation.getPrompt(),
                        generation.getNegativePrompt(),
                        generation.getSteps(),
                        generation.getSampler(),
                        generation.getGuidanceScale(),
                        generation.getSeed(),
                        image.width(),
                        image.height(),
                        task.getModel(),
                        engines(task, decoder))
                .byKeyword();
        ImageFormat format = ImageFormat.of(generation.getOutputFormat());
        return encoded(image, ImageFile.encode(image, format, generation.getOutputCompression(), text));
    }

    /** The engines of all stages, each once. */
    private static String engines(Task task, Target decoder) {
        Stream<String> before = task.getTimingsList().stream().map(StageTiming::getEngine);
        return Stream.concat(before, Stream.of(decoder.engineAndInstructionSet()))
                .filter(engine -> !engine.isEmpty())
                .distinct()
                .collect(Collectors.joining(" + "));
    }

    private static EncodedImage encoded(RgbImage image, ImageFile file) {
        return new EncodedImage(file.format().id(), image.width(), image.height(), file.bytes());
    }
}
