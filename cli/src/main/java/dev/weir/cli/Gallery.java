package dev.weir.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.client.GeneratedImage;
import dev.weir.client.GenerationEvent;
import dev.weir.client.ImageRequest;
import dev.weir.client.Warning;
import dev.weir.engine.RgbImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/** Takes what comes of a request: shows how far it is, writes the pictures and frames, and says at the end what was made. */
final class Gallery implements Consumer<GenerationEvent> {

    private static final ObjectMapper JSON =
            new ObjectMapper().setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE);

    private final List<Picture> pictures;
    private final Path frameFolder;
    private final ProgressDisplay display;
    private final List<Warning> warnings = new ArrayList<>();

    /** @param frameFolder where frames go, or null where none are wanted */
    Gallery(List<Path> files, Path frameFolder, ProgressDisplay display) {
        this.pictures = files.stream().map(Picture::new).toList();
        this.frameFolder = frameFolder;
        this.display = display;
    }

    /** What is known of one picture. */
    private static final class Picture {
        private final Path file;
        private final List<Path> frames = new ArrayList<>();
        private int step;
        private GeneratedImage image;
        private int width;
        private int height;

        Picture(Path file) {
            this.file = file;
        }
    }

    @Override
    public void accept(GenerationEvent event) {
        if (event instanceof GenerationEvent.Queued) {
            display.note("queued");
        } else if (event instanceof GenerationEvent.Loading) {
            display.note("loading the model");
        } else if (event instanceof GenerationEvent.Progress progress) {
            Picture picture = pictures.get(progress.sample());
            picture.step = progress.step();
            display.steps(sum(p -> p.step), Math.max(progress.total(), 1) * pictures.size());
        } else if (event instanceof GenerationEvent.Resumed resumed) {
            pictures.get(resumed.sample()).step = resumed.step();
            display.note("continues from step %d: %s".formatted(resumed.step(), resumed.reason()));
        } else if (event instanceof GenerationEvent.Frame frame && frameFolder != null) {
            Path file = frameFolder.resolve(frameName(frame));
            OutputFiles.write(file, frame.bytes());
            pictures.get(frame.sample()).frames.add(file);
        } else if (event instanceof GenerationEvent.Completed completed) {
            Picture picture = pictures.get(completed.image().sample());
            OutputFiles.write(picture.file, completed.image().bytes());
            picture.step = completed.image().steps();
            picture.image = completed.image();
            picture.width = completed.image().width();
            picture.height = completed.image().height();
        } else if (event instanceof GenerationEvent.Warned warned) {
            warnings.add(warned.warning());
            display.line("warning: " + warned.warning().message());
        } else if (event instanceof GenerationEvent.Reconnecting reconnecting) {
            display.line(reconnecting.reason() + "; trying again with the same job");
        }
    }

    /** Replaces each picture by a larger one. */
    void enlarge(Enlarger enlarger) throws IOException {
        for (Picture picture : pictures) {
            display.note("enlarging %s by %d".formatted(picture.file, enlarger.scale()));
            RgbImage large = enlarger.enlarge(picture.file, picture.file);
            picture.width = large.width();
            picture.height = large.height();
        }
    }

    private int sum(ToIntFunction<Picture> number) {
        return pictures.stream().mapToInt(number).sum();
    }

    private String frameName(GenerationEvent.Frame frame) {
        String step = String.format(
                Locale.ROOT, "step-%03d.%s", frame.step(), frame.format().extension());
        return pictures.size() == 1 ? step : "image-" + (frame.sample() + 1) + "-" + step;
    }

    /**
     * Says what was made.
     *
     * @param request with every default filled in, where it is to be said as JSON
     */
    void print(PrintWriter out, ImageRequest request, boolean asJson) {
        display.clear();
        if (asJson) {
            out.println(toJson(request).toPrettyString());
        } else {
            pictures.forEach(picture -> out.printf(
                    Locale.ROOT,
                    "%s  seed %s, %d network calls, %.1f s%s%n",
                    picture.file,
                    Long.toUnsignedString(picture.image.seed()),
                    picture.image.steps(),
                    picture.image.seconds(),
                    picture.image.flagged() ? ", flagged by the model's safety checker" : ""));
            if (frameFolder != null) {
                int frames = sum(picture -> picture.frames.size());
                out.printf("%s  %d frames%n", frameFolder, frames);
            }
        }
        out.flush();
    }

    private ObjectNode toJson(ImageRequest request) {
        ObjectNode json = RequestCheck.toJson(request);
        ArrayNode images = json.putArray("images");
        pictures.forEach(picture -> images.add(toJson(picture)));
        if (!warnings.isEmpty()) {
            json.set("warnings", JSON.valueToTree(warnings));
        }
        return json;
    }

    private ObjectNode toJson(Picture picture) {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("file", picture.file.toString())
                .put("seed", new BigInteger(Long.toUnsignedString(picture.image.seed())))
                .put("steps", picture.image.steps())
                .put("width", picture.width)
                .put("height", picture.height)
                .put("seconds", picture.image.seconds());
        if (picture.image.flagged()) {
            json.put("nsfw_content_detected", true);
        }
        json.set("stages", JSON.valueToTree(picture.image.timings()));
        if (frameFolder != null) {
            ArrayNode frames = json.putArray("frames");
            picture.frames.forEach(frame -> frames.add(frame.toString()));
        }
        return json;
    }
}
