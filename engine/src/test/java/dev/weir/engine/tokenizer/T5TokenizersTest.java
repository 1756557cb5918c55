package dev.weir.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ids against those of transformers (tools/reference/t5.py). */
class T5TokenizersTest {

    private static final Path HOME = Path.of("src/test/resources/reference/t5");
    private static final Path WORDS = HOME.resolve("tokenizer");
    private static final int EMBEDDINGS = 1000;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "T5TokenizerFast,tokenizer.json,fast",
        "T5TokenizerFast,spiece.model,fast",
        "T5Tokenizer,spiece.model,slow"
    })
    void idsAreThoseOfTransformers(String className, String file, String recorded) throws IOException {
        copy("tokenizer_config.json");
        copy(file);
        JsonNode cases =
                new ObjectMapper().readTree(HOME.resolve("token_ids.json").toFile());
        try (Tokenizer tokenizer = Tokenizers.open(folder, className, 2000, EMBEDDINGS)) {
            assertThat(cases).hasSizeGreaterThan(150).allSatisfy(expected -> {
                var read = tokenizer.encode(expected.get("text").textValue());
                long[] wanted = StreamSupport.stream(expected.get(recorded).spliterator(), false)
                        .mapToLong(JsonNode::asLong)
                        .toArray();
                assertThat(Arrays.copyOf(read.ids(), read.own())).containsExactly(wanted);
                assertThat(read.ids()).hasSize(2000);
            });
        }
    }

    @Test
    void aLongPromptIsCutAndEnds() {
        try (Tokenizer tokenizer = Tokenizers.open(WORDS, "T5TokenizerFast", 6, EMBEDDINGS)) {
            var read = tokenizer.encode("a red apple on a green hill and a horse");
            assertThat(read.ids()).hasSize(6).endsWith(1);
            assertThat(read.own()).isEqualTo(6);
            assertThat(read.cut()).endsWith("horse");
            assertThat(tokenizer.words("red apple")).doesNotContain(1).hasSize((int)
                    Arrays.stream(tokenizer.encode("red apple").ids())
                            .filter(id -> id > 1)
                            .count());
        }
    }

    @Test
    void theEncoderHasAnEmbeddingForEachId() {
        assertThatThrownBy(() -> Tokenizers.open(WORDS, "T5TokenizerFast", 6, 20))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("embeddings for 0 to 19");
    }

    @Test
    void aDamagedModelIsRefusedByName() throws IOException {
        Files.write(folder.resolve("spiece.model"), new byte[] {10, 100, 3});
        assertThatThrownBy(() -> Tokenizers.open(folder, "T5Tokenizer", 6, EMBEDDINGS))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("spiece.model: not a sentencepiece model");
    }

    @Test
    void anAddedTokenNeedsAnEmbeddingToo() throws IOException {
        ObjectNode definition = (ObjectNode)
                new ObjectMapper().readTree(WORDS.resolve("tokenizer.json").toFile());
        ArrayNode added = (ArrayNode) definition.get("added_tokens");
        ObjectNode far = added.get(0).deepCopy();
        added.add(far.put("id", EMBEDDINGS).put("content", "<far>"));
        Files.writeString(folder.resolve("tokenizer.json"), definition.toString());

        assertThatThrownBy(() -> Tokenizers.open(folder, "T5TokenizerFast", 6, EMBEDDINGS))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("'<far>' has the id 1000");
    }

    @Test
    void theSlowClassNeedsItsOwnFile() throws IOException {
        copy("tokenizer.json");
        assertThatThrownBy(() -> Tokenizers.open(folder, "T5Tokenizer", 6, EMBEDDINGS))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("spiece.model: no such file");
    }

    @Test
    void aDamagedMapIsRefusedOrReplacesNothing() {
        assertThatThrownBy(() -> new CharacterMap(new byte[] {1, 2})).isInstanceOf(ModelException.class);
        // The place of the replacement of "a" is far outside the trie.
        ByteBuffer map = ByteBuffer.allocate(Integer.BYTES * 257).order(ByteOrder.LITTLE_ENDIAN);
        map.putInt(0, Integer.BYTES * 256).putInt(Integer.BYTES * (1 + 'a'), 1 << 30 | 1 << 8 | 'a');
        assertThat(new CharacterMap(map.array()).normalized("ab")).isEqualTo("ab");
    }

    private void copy(String name) throws IOException {
        Files.copy(WORDS.resolve(name), folder.resolve(name));
    }
}
