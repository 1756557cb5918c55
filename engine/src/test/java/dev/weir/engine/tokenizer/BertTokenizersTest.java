package dev.weir.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.engine.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** BERT's {@code vocab.txt}: ids against those of transformers' slow class (tools/reference/ldm.py). */
class BertTokenizersTest {

    private static final Path HOME = Path.of("src/test/resources/reference/ldm");
    private static final Path WORDS = HOME.resolve("text2im/tokenizer");
    private static final int EMBEDDINGS = 1000;

    @TempDir
    Path folder;

    @Test
    void idsAreThoseOfTransformers() throws IOException {
        JsonNode cases =
                new ObjectMapper().readTree(HOME.resolve("token_ids.json").toFile());
        try (Tokenizer tokenizer = Tokenizers.open(WORDS, WORDS, "BertTokenizer", 77, true, EMBEDDINGS)) {
            assertThat(cases).hasSizeGreaterThan(60).allSatisfy(expected -> {
                var read = tokenizer.encode(expected.get("text").textValue());
                long[] wanted = StreamSupport.stream(expected.get("ids").spliterator(), false)
                        .mapToLong(JsonNode::asLong)
                        .toArray();
                assertThat(Arrays.copyOf(read.ids(), read.own())).containsExactly(wanted);
                assertThat(read.ids()).hasSize(77);
                assertThat(Arrays.copyOfRange(read.ids(), read.own(), 77)).containsExactly(new long[77 - read.own()]);
            });
        }
    }

    /** The slow class never reads tokenizer.json where it has words; the fast one reads it first. */
    @ParameterizedTest
    @CsvSource({"BertTokenizer, true", "BertTokenizerFast, false"})
    void eachClassReadsItsOwnFile(String className, boolean readsWords) throws IOException {
        copy("vocab.txt");
        Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": {\"vocab\": {}}}");
        if (readsWords) {
            try (Tokenizer tokenizer = Tokenizers.open(folder, className, 77, EMBEDDINGS)) {
                assertThat(tokenizer.encode("a red apple").ids()).hasSize(5);
            }
        } else {
            assertThatThrownBy(() -> Tokenizers.open(folder, className, 77, EMBEDDINGS))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("tokenizer.json: not a tokenizer");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'\"do_basic_tokenize\": false', do_basic_tokenize is false",
        "'\"pad_token\": \"<pad>\"', 'pad_token is <pad>, not [PAD]'"
    })
    void whatTheWordsDoNotStandForIsRefusedByName(String key, String problem) throws IOException {
        copy("vocab.txt");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{" + key + "}");
        assertThatThrownBy(() -> Tokenizers.open(folder, "BertTokenizer", 77, EMBEDDINGS))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(problem);
    }

    @Test
    void aVocabularyWithoutMarksIsRefusedByName() throws IOException {
        Files.writeString(folder.resolve("vocab.txt"), "a\nred\napple\n");
        assertThatThrownBy(() -> Tokenizers.open(folder, "BertTokenizer", 77, EMBEDDINGS))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("vocab.txt: no id for the special token");
    }

    private void copy(String name) throws IOException {
        Files.copy(WORDS.resolve(name), folder.resolve(name));
    }
}
