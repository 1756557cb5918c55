package dev.weir.engine.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ModelException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What a language model's chat template puts around a message of a user that stands alone, and that the model is to answer. Templates are
 * programs. Weir runs none: it knows Qwen3's by the lines that such a message meets, and refuses others. Immutable; any thread.
 */
record ChatTemplate(String before, String after) {

    private static final ChatTemplate QWEN3 =
            new ChatTemplate("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n");

    private static final String FILE = "chat_template.jinja";
    private static final String CONFIG = "tokenizer_config.json";

    /** A message of a user; and the beginning of an answer, in which only a model that must not think has more. */
    private static final List<Pattern> LINES = List.of(
            Pattern.compile(
                    "\\Q'<|im_start|>' + message.role + '\\n' +\\E (message\\.)?content \\Q+ '<|im_end|>' + '\\n'\\E"),
            Pattern.compile("\\Q{%- if add_generation_prompt %} {{- '<|im_start|>assistant\\n' }}"
                    + " {%- if enable_thinking is defined and enable_thinking is false %}\\E"
                    + " [^%]*\\Q{%- endif %} {%- endif %}\\E$"));

    /** Qwen's older templates speak for a system where a chat does not. */
    private static final Pattern OWN_SYSTEM = Pattern.compile("You are (Qwen|a helpful)");

    /** Throws a ModelException where it is none that Weir knows. */
    static ChatTemplate read(Path folder, JsonNode config) {
        Path file = folder.resolve(FILE);
        boolean isAlone = Files.isRegularFile(file);
        Path where = isAlone ? file : folder.resolve(CONFIG);
        String template = (isAlone ? text(file) : config.path("chat_template").asText(""))
                .replaceAll("\\s+", " ")
                .strip();
        boolean isKnown = LINES.stream().allMatch(line -> line.matcher(template).find())
                && !OWN_SYSTEM.matcher(template).find();
        if (!isKnown) {
            throw new ModelException("%s: %s is not Qwen3's, the only one that Weir knows"
                    .formatted(where, template.isEmpty() ? "no chat_template, or one that" : "chat_template"));
        }
        return QWEN3;
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
