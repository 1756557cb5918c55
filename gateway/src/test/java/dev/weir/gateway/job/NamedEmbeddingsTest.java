package dev.weir.gateway.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.Embedding;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import java.util.List;
import org.junit.jupiter.api.Test;

final class NamedEmbeddingsTest {

    private static final Embedding TOY = file("toy", "<cat-toy>", "a");
    private static final Embedding DARK = file("dark", "dark", "b");

    @Test
    void aRequestNamesTheEmbeddingsOfBothPrompts() {
        ModelCard card =
                ModelCard.newBuilder().addEmbeddings(TOY).addEmbeddings(DARK).build();
        assertThat(named(card, "a <Cat-toy>", "blurry")).containsExactly(TOY);
        assertThat(named(card, "a cat", "embedding:Dark")).containsExactly(DARK);
        assertThat(named(card, "a cat", "blurry")).isEmpty();
    }

    @Test
    void theFileOfTheMostNodesCounts() {
        Embedding other = TOY.toBuilder().setFingerprint("z").build();
        ModelCard all = FilesOfNodes.all(
                ModelCard.newBuilder().setId("m").build(), List.of(node(TOY), node(other), node(TOY), node(DARK)));
        assertThat(all.getEmbeddingsList()).containsExactly(DARK, TOY);
    }

    private static List<Embedding> named(ModelCard card, String prompt, String negative) {
        return NamedEmbeddings.of(
                card, Generation.newBuilder().setPrompt(prompt).setNegativePrompt(negative));
    }

    private static NodeStatus node(Embedding file) {
        return NodeStatus.newBuilder()
                .addModels(ModelStatus.newBuilder()
                        .setId("m")
                        .setCard(ModelCard.newBuilder().setId("m").addEmbeddings(file)))
                .build();
    }

    private static Embedding file(String name, String token, String fingerprint) {
        return Embedding.newBuilder()
                .setName(name)
                .setToken(token)
                .setFingerprint(fingerprint)
                .build();
    }
}
