package dev.weir.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToIntFunction;

/** Takes what comes of a request: shows how far it is, writes the pictures and frames, and says at the end what was made. */
final class Gallery implements PursuedJob.Watcher {

    private final List<Picture> pictures;
    private final Path frameFolder;
    private final ProgressDisplay display;
    /** By code and param: a gateway that begins the job anew tells them again. */
    private final Map<String, ObjectNode> warnings = new LinkedHashMap<>();

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
        private int total;
        private JsonNode completed;

        Picture(Path file) {
            this.file = file;
        }
    }

    @Override
    public void event(JsonNode event) {
        Picture picture = pictures.get(event.path("sample").asInt());
        picture.step = event.path("step").asInt();
        picture.total = event.path("total").asInt();
        switch (event.path("type").asText()) {
            case "queued" -> display.note("queued");
            case "resumed" ->
                display.note("goes on from step %d: %s"
                        .formatted(picture.step, event.path("reason").asText()));
            case "progress" -> display.steps(sum(p -> p.step), Math.max(picture.total, 1) * pictures.size());
            case "warning" -> warn(event);
            case "completed" -> picture.completed = event;
            default -> {
                // The rest changes nothing that is shown.
            }
        }
    }

    private void warn(JsonNode event) {
        String message = event.path("message").asText();
        ObjectNode warning = JsonNodeFactory.instance
                .objectNode()
                .put("code", event.path("code").asText())
                .put("message", message)
                .put("param", event.path("param").asText());
        if (warnings.putIfAbsent(event.path("code") + " " + event.path("param"), warning) == null) {
            display.line("warning: " + message);
        }
    }

    private int sum(ToIntFunction<Picture> number) {
        return pictures.stream().mapToInt(number).sum();
    }

    @Override
    public void image(ImageMessage image) {
        Picture picture = pictures.get(image.sample());
        if (image.isFinal()) {
            write(picture.file, image.bytes());
        } else if (frameFolder != null) {
            Path frame = frameFolder.resolve(frameName(image));
            write(frame, image.bytes());
            picture.frames.add(frame);
        }
    }

    @Override
    public void broke(String what) {
        display.line(what + "; trying again with the same job");
    }

    private String frameName(ImageMessage image) {
        String ending = image.format().equals("jpeg") ? "jpg" : image.format();
        String step = String.format(Locale.ROOT, "step-%03d.%s", image.step(), ending);
        return pictures.size() == 1 ? step : "picture-" + (image.sample() + 1) + "-" + step;
    }

    private static void write(Path file, byte[] bytes) {
        try {
            if (file.getParent() != null) {
                Files.createDirectories(file.getParent());
            }
            Files.write(file, bytes);
        } catch (IOException e) {
            throw new CliException(CliException.FAILED, file + " cannot be written: " + e.getMessage(), e);
        }
    }

    /**
     * Says what was made.
     *
     * @param request with every default filled in
     */
    void print(PrintWriter out, ObjectNode request, boolean asJson) {
        display.clear();
        if (asJson) {
            out.println(toJson(request).toPrettyString());
        } else {
            pictures.forEach(picture -> out.printf(
                    Locale.ROOT,
                    "%s  seed %s, %d steps, %.1f s%n",
                    picture.file,
                    picture.completed.path("seed").asText(),
                    picture.total,
                    picture.completed.path("seconds").asDouble()));
            if (frameFolder != null) {
                int frames = sum(picture -> picture.frames.size());
                out.printf("%s  %d frames%n", frameFolder, frames);
            }
        }
        out.flush();
    }

    private ObjectNode toJson(ObjectNode request) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        for (String field : List.of(
                "prompt", "negative_prompt", "model", "sampler", "num_inference_steps", "guidance_scale", "size")) {
            if (request.has(field)) {
                json.set(field, request.get(field));
            }
        }
        ArrayNode images = json.putArray("images");
        pictures.forEach(picture -> images.add(toJson(picture)));
        if (!warnings.isEmpty()) {
            json.putArray("warnings").addAll(warnings.values());
        }
        return json;
    }

    private ObjectNode toJson(Picture picture) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("file", picture.file.toString());
        json.set("seed", picture.completed.path("seed"));
        json.put("steps", picture.total);
        json.set("width", picture.completed.path("width"));
        json.set("height", picture.completed.path("height"));
        json.set("seconds", picture.completed.path("seconds"));
        json.set("stages", picture.completed.path("timings"));
        if (frameFolder != null) {
            ArrayNode frames = json.putArray("frames");
            picture.frames.forEach(frame -> frames.add(frame.toString()));
        }
        return json;
    }
}
