package dev.weir.gateway.api;

import dev.weir.gateway.job.NamedEmbeddings;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.RefusedFile;
import java.util.List;
import java.util.regex.Pattern;

/** Reads which embeddings the prompts of a request name, among those that nodes have for its model. Stateless. */
final class EmbeddingReader {

    /** Its prompts name embeddings as such. In others an embedding is a word, which may also be just that. */
    private static final String NAMING = "comfyui";

    private static final String NAMED = "(?<![^\\s()])embedding:\\s*%s(\\.safetensors)?(?![^\\s,<\\[:)(])";

    private EmbeddingReader() {}

    static void read(Fields fields, ModelCard card, Generation.Builder generation) {
        if (generation.getPromptSyntax().equals(NAMING)) {
            require(fields, "prompt", generation.getPrompt(), card);
            require(fields, "negative_prompt", generation.getNegativePrompt(), card);
        }
        generation.addAllEmbeddings(NamedEmbeddings.of(card, generation));
    }

    private static void require(Fields fields, String field, String text, ModelCard card) {
        List<RefusedFile> refused = card.getRefusedEmbeddingsList();
        refused.stream()
                .filter(file -> Pattern.compile(NAMED.formatted(Pattern.quote(file.getName())))
                        .matcher(text)
                        .find())
                .findFirst()
                .ifPresent(file -> {
                    throw KnownFiles.embeddings(card).refusal(fields, field, file);
                });
    }
}
