package dev.weir.textencoder;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Warning;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Warnings that a prompt has the name of an embedding that does not fit the model, so that it is an ordinary word. Stateless. */
final class UnusedEmbeddings {

    private static final int LONGEST = 300;

    private UnusedEmbeddings() {}

    /** @param refused why embeddings do not fit, by name */
    static List<Warning> of(Generation generation, Map<String, String> refused) {
        return new TreeMap<>(refused)
                .entrySet().stream()
                        .flatMap(file -> Stream.of(
                                        warning("prompt", generation.getPrompt(), file),
                                        warning("negative_prompt", generation.getNegativePrompt(), file))
                                .flatMap(Optional::stream))
                        .toList();
    }

    private static Optional<Warning> warning(String param, String text, Map.Entry<String, String> file) {
        String name = file.getKey();
        Matcher word = Pattern.compile("(?<!\\w)" + Pattern.quote(name) + "(?!\\w)", Pattern.CASE_INSENSITIVE)
                .matcher(text);
        if (!word.find()) {
            return Optional.empty();
        }
        String message = "\"%s\" is an ordinary word here. The embedding of this name does not fit the model: %s"
                .formatted(name, file.getValue());
        return Optional.of(Warning.newBuilder()
                .setCode("embedding_unused")
                .setMessage(message.length() <= LONGEST ? message : message.substring(0, LONGEST) + "…")
                .setParam(param)
                .build());
    }
}
