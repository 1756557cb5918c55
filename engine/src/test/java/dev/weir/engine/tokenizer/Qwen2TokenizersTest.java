package dev.weir.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ids of messages against those of transformers (tools/reference/z_image.py). */
class Qwen2TokenizersTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path HOME = Path.of("src/test/resources/reference/z_image");
    private static final Path WORDS = HOME.resolve("model/tokenizer");
    private static final int EMBEDDINGS = 333;

    @TempDir
    Path folder;

    @BeforeEach
    void copy() throws IOException {
        for (String name : new String[] {"tokenizer.json", "tokenizer_config.json"}) {
            Files.copy(WORDS.resolve(name), folder.resolve(name));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Qwen2Tokenizer", "Qwen2TokenizerFast"})
    void idsAreThoseOfTransformers(String className) throws IOException {
        JsonNode cases = JSON.readTree(HOME.resolve("token_ids.json").toFile());
        try (Tokenizer all = Tokenizers.open(folder, className, 5000, EMBEDDINGS);
                Tokenizer some = Tokenizers.open(folder, className, 24, EMBEDDINGS)) {
            assertThat(cases).hasSizeGreaterThan(60).allSatisfy(expected -> {
                String text = expected.get("text").textValue();
                long[] ids = StreamSupport.stream(expected.get("ids").spliterator(), false)
                        .mapToLong(JsonNode::asLong)
                        .toArray();
                assertThat(all.encode(text).ids()).containsExactly(ids);
                assertThat(some.encode(text).ids()).containsExactly(Arrays.copyOf(ids, Math.min(24, ids.length)));
            });
        }
    }

    @Test
    void aLongPromptIsCutAndSaysWhere() {
        try (Tokenizer tokenizer = Tokenizers.open(folder, "Qwen2Tokenizer", 24, EMBEDDINGS)) {
            assertThat(tokenizer.encode("a red apple").cut()).isEmpty();
            assertThat(tokenizer
                            .encode("a red apple on a green hill and a lazy dog in the rain again")
                            .cut())
                    .endsWith("rain again");
        }
    }

    /** Newer versions of transformers write templates into a file of their own, and newer templates name the message's text first. */
    @Test
    void aTemplateMayHaveAFileOfItsOwn() throws IOException {
        String template = config().get("chat_template").textValue();
        edit("chat_template", "{{ messages }}");
        Files.writeString(
                folder.resolve("chat_template.jinja"), template.replace("message.content + '<|im", "content + '<|im"));
        try (Tokenizer tokenizer = Tokenizers.open(folder, "Qwen2Tokenizer", 24, EMBEDDINGS)) {
            assertThat(tokenizer.encode("").ids()).hasSizeGreaterThan(6);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "{%- if add_generation_prompt %},{%- if add_generation_prompt %}{{- '<think>' }}",
        "<|im_start|>assistant\\n,<|im_start|>assistant\\n<think>",
        "{%- for message,You are a helpful assistant.{%- for message",
        "'<|im_end|>' + '\\n',' '"
    })
    void otherTemplatesAreRefusedByName(String line, String other) throws IOException {
        String template = config().get("chat_template").textValue();
        edit("chat_template", template.replace(line, other));
        requireRefused("tokenizer_config.json: chat_template is not Qwen3's");
    }

    @Test
    void whatIsMissingOrOtherwiseIsNamed() throws IOException {
        edit("padding_side", "left");
        requireRefused("padding_side");
        edit("padding_side", "right");
        edit("chat_template", "");
        requireRefused("no chat_template");
        Files.delete(folder.resolve("tokenizer.json"));
        requireRefused("tokenizer.json: no such file");
        assertThatThrownBy(() -> Tokenizers.open(WORDS, "Qwen2Tokenizer", 24, 300))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("embeddings for 0 to 299");
    }

    private void requireRefused(String what) {
        assertThatThrownBy(() -> Tokenizers.open(folder, "Qwen2Tokenizer", 24, EMBEDDINGS))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(what);
    }

    private ObjectNode config() throws IOException {
        return (ObjectNode)
                JSON.readTree(folder.resolve("tokenizer_config.json").toFile());
    }

    private void edit(String key, String value) throws IOException {
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                config().put(key, value).toString());
    }
}
