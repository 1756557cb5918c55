package dev.weir.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.engine.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokens that were added to a vocabulary, as textual inversions are. Against transformers (tools/reference/added_tokens.py). */
final class AddedTokensTest {

    private static final Path REFERENCE = Path.of("src/test/resources/reference");
    private static final Path VOCABULARY = REFERENCE.resolve("checkpoints/sd1/tokenizer");
    private static final int EMBEDDINGS = 700;

    @TempDir
    Path folder;

    /** A way in which a folder says its tokens, read by one class. */
    record Case(String name, String className, JsonNode files, JsonNode texts) {

        @Override
        public String toString() {
            return className + ", " + name;
        }
    }

    static List<Case> cases() throws IOException {
        List<Case> cases = new ArrayList<>();
        JsonNode files = null;
        for (JsonNode json : new ObjectMapper()
                .readTree(REFERENCE.resolve("tokenizers/added_tokens.json").toFile())) {
            files = json.get("files").isEmpty() ? files : json.get("files");
            cases.add(new Case(json.get("name").textValue(), json.get("class").textValue(), files, json.get("texts")));
        }
        return cases;
    }

    private Path write(JsonNode files) throws IOException {
        for (String name : List.of("vocab.json", "merges.txt")) {
            Files.copy(VOCABULARY.resolve(name), folder.resolve(name));
        }
        for (Map.Entry<String, JsonNode> file : files.properties()) {
            Files.writeString(folder.resolve(file.getKey()), file.getValue().toString());
        }
        return folder;
    }

    private Path write(String name, String content) throws IOException {
        write(new ObjectMapper().createObjectNode());
        Files.writeString(folder.resolve(name), content);
        return folder;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void idsAreThoseOfTransformers(Case reference) throws IOException {
        try (Tokenizer tokenizer = Tokenizers.open(write(reference.files()), reference.className(), 77, EMBEDDINGS)) {
            assertThat(reference.texts()).hasSizeGreaterThan(20).allSatisfy(expected -> {
                Tokens tokens = tokenizer.encode(expected.get("text").textValue());
                long[] wanted = new long[77];
                int known = expected.get("ids").size();
                Arrays.setAll(
                        wanted,
                        i -> expected.get("ids").get(Math.min(i, known - 1)).asLong());
                assertThat(tokens.ids()).containsExactly(wanted);
                assertThat(tokens.cut()).isEqualTo(expected.get("cut").textValue());
            });
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"CLIPTokenizer", "CLIPTokenizerFast"})
    void anIdThatTheTextEncoderHasNoEmbeddingForIsRefusedByName(String className) throws IOException {
        write("added_tokens.json", "{\"<cat-toy>\": 626}");
        Tokenizers.open(folder, className, 77, 627).close();
        assertThatThrownBy(() -> Tokenizers.open(folder, className, 77, 626))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("'<cat-toy>'", "626", "0 to 625");
        assertThatThrownBy(() -> Tokenizers.open(folder, className, 77, 100))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("vocab.json", "0 to 99");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"one\"", "-1", "1.5", "null", "99999999999"})
    void anIdThatIsNoneIsRefused(String id) throws IOException {
        write("added_tokens.json", "{\"<cat-toy>\": " + id + "}");
        assertThatThrownBy(() -> Tokenizers.open(folder, "CLIPTokenizer", 77, EMBEDDINGS))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("added_tokens.json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"x\": {\"content\": \"a\"}}", "{\"626\": {}}", "{\"626\": {\"content\": \"\"}}"})
    void aTokenThatIsNoneIsRefused(String decoder) throws IOException {
        write("tokenizer_config.json", "{\"added_tokens_decoder\": " + decoder + "}");
        assertThatThrownBy(() -> Tokenizers.open(folder, "CLIPTokenizer", 77, EMBEDDINGS))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("added_tokens_decoder");
    }

    @Test
    void bertHasAddedTokensToo() throws IOException {
        Path source = REFERENCE.resolve("checkpoints/default/tokenizer");
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(source.resolve(name), folder.resolve(name));
        }
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<cat-toy>\": 150}");
        try (Tokenizer plain = Tokenizers.open(source, "BertTokenizer", 512, EMBEDDINGS);
                Tokenizer tokenizer = Tokenizers.open(folder, "BertTokenizer", 512, EMBEDDINGS)) {
            long[] ids = tokenizer.encode("a <cat-toy>").ids();
            assertThat(ids).hasSize(4);
            assertThat(ids[2])
                    .as("the first id that the vocabulary does not use")
                    .isEqualTo(vocabularySize(source));
            assertThat(plain.encode("a <cat-toy>").ids()).hasSizeGreaterThan(4);
        }
    }

    private static long vocabularySize(Path tokenizer) throws IOException {
        return new ObjectMapper()
                .readTree(tokenizer.resolve("tokenizer.json").toFile())
                .path("model")
                .path("vocab")
                .size();
    }
}
