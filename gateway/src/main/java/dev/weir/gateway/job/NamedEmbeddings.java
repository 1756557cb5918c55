package dev.weir.gateway.job;

import dev.weir.proto.v1.Embedding;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import java.util.List;
import java.util.Locale;

/** The textual inversions that prompts name. Stateless. */
public final class NamedEmbeddings {

    private NamedEmbeddings() {}

    /** Those whose word is in a prompt. A word may be part of another one: then a node with the file is asked for nothing. */
    public static List<Embedding> of(ModelCard card, Generation.Builder generation) {
        String prompts = (generation.getPrompt() + "\n" + generation.getNegativePrompt()).toLowerCase(Locale.ROOT);
        return card.getEmbeddingsList().stream()
                .filter(file -> prompts.contains(file.getName().toLowerCase(Locale.ROOT))
                        || prompts.contains(file.getToken().toLowerCase(Locale.ROOT)))
                .toList();
    }
}
