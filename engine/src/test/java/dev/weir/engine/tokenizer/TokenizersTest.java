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
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ids against those of transformers (tools/reference/token_ids.py). */
class TokenizersTest {

    private static final Path REFERENCE = Path.of("src/test/resources/reference");

    private static final int EMBEDDINGS = 1000;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"sd1, CLIPTokenizerFast, 77", "sd2, CLIPTokenizerFast, 77", "default, BertTokenizer, 24"})
    void idsAreThoseOfTransformers(String checkpoint, String className, int length) throws IOException {
        JsonNode cases = new ObjectMapper()
                .readTree(REFERENCE.resolve("tokenizers/token_ids.json").toFile());
        try (Tokenizer tokenizer = Tokenizers.open(tokenizerOf(checkpoint), className, 512, EMBEDDINGS)) {
            assertThat(tokenizer.length()).isEqualTo(length);
            assertThat(cases).hasSizeGreaterThan(100).allSatisfy(expected -> {
                long[] ids = tokenizer.encode(expected.get("text").textValue()).ids();
                int count = expected.get(checkpoint).size();
                assertThat(Arrays.copyOf(ids, count)).containsExactly(longs(expected.get(checkpoint)));
            });
        }
    }

    /** With ftfy, as CLIP was trained: curly quotes, entities, widths, ligatures, mojibake and more. */
    @ParameterizedTest
    @ValueSource(strings = {"sd1", "sd2"})
    void idsOfTheSlowClassAreThoseOfTransformersToo(String checkpoint) throws IOException {
        JsonNode cases = new ObjectMapper()
                .readTree(REFERENCE.resolve("tokenizers/slow_token_ids.json").toFile());
        try (Tokenizer tokenizer = Tokenizers.open(tokenizerOf(checkpoint), "CLIPTokenizer", 77, EMBEDDINGS)) {
            assertThat(cases).hasSizeGreaterThan(150).allSatisfy(expected -> {
                long[] ids = tokenizer.encode(expected.get("text").textValue()).ids();
                long[] wanted = longs(expected.get(checkpoint));
                assertThat(Arrays.copyOf(ids, wanted.length)).containsExactly(wanted);
            });
        }
    }

    @ParameterizedTest
    @CsvSource({"sd1, CLIPTokenizer", "default, BertTokenizer"})
    void whatIsCutIsWhatDiffusersSaysWasTruncated(String checkpoint, String className) throws IOException {
        JsonNode cases = new ObjectMapper()
                .readTree(REFERENCE.resolve("tokenizers/slow_token_ids.json").toFile());
        try (Tokenizer tokenizer = Tokenizers.open(tokenizerOf(checkpoint), className, 77, EMBEDDINGS)) {
            assertThat(cases)
                    .filteredOn(
                            expected -> !hasLoneSurrogate(expected.get("text").textValue()))
                    .allSatisfy(expected -> assertThat(tokenizer
                                    .encode(expected.get("text").textValue())
                                    .cut())
                            .isEqualTo(expected.get("cut").path(checkpoint).asText()));
        }
    }

    private static boolean hasLoneSurrogate(String text) {
        return text.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    }

    @Test
    void clipIsPaddedToItsLengthWithItsPadToken() throws IOException {
        assertThat(paddingOf("sd1")).isEqualTo(endOf("sd1"));
        assertThat(paddingOf("sd2")).isEqualTo(0).isNotEqualTo(endOf("sd2"));
    }

    @Test
    void bertIsAsLongAsThePrompt() {
        try (Tokenizer tokenizer = Tokenizers.open(tokenizerOf("default"), "BertTokenizer", 512, EMBEDDINGS)) {
            assertThat(tokenizer.encode("").ids()).hasSize(2);
            assertThat(tokenizer.encode("a red apple").ids()).hasSize(5);
        }
    }

    @ParameterizedTest
    @CsvSource({"sd1, CLIPTokenizer", "default, BertTokenizer"})
    void longPromptsAreCutAndKeepTheirEnd(String checkpoint, String className) {
        try (Tokenizer tokenizer = Tokenizers.open(tokenizerOf(checkpoint), className, 512, EMBEDDINGS)) {
            long[] cut = tokenizer.encode("red apple ".repeat(1000)).ids();
            long[] whole = tokenizer.encode("red").ids();

            assertThat(cut).hasSize(tokenizer.length());
            assertThat(cut[0]).isEqualTo(whole[0]);
            assertThat(cut[cut.length - 1]).isEqualTo(whole[2]);
        }
    }

    @Test
    void noPromptIsLongerThanTheTextEncoderHasPositions() {
        try (Tokenizer tokenizer = Tokenizers.open(tokenizerOf("sd1"), "CLIPTokenizer", 20, EMBEDDINGS)) {
            assertThat(tokenizer.encode("a red apple").ids()).hasSize(20);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"CLIPTokenizer", "BertTokenizer"})
    void unpairedSurrogatesDoNoHarm(String className) {
        String checkpoint = className.startsWith("CLIP") ? "sd1" : "default";
        try (Tokenizer tokenizer = Tokenizers.open(tokenizerOf(checkpoint), className, 512, EMBEDDINGS)) {
            assertThat(tokenizer.encode("a \ud800 red \udc00\ud83d").ids()).isNotEmpty();
        }
    }

    @Test
    void clipIsReadFromATokenizerJsonToo() throws IOException {
        Path source = tokenizerOf("sd1");
        JsonNode config = new ObjectMapper()
                .readTree(source.resolve("tokenizer_config.json").toFile());
        Files.writeString(
                folder.resolve("tokenizer.json"),
                ClipDefinition.fast(source, SpecialTokens.read(source, config)).toString());

        try (Tokenizer fromJson = Tokenizers.open(folder, "CLIPTokenizer", 77, EMBEDDINGS);
                Tokenizer fromVocabulary = Tokenizers.open(source, "CLIPTokenizer", 77, EMBEDDINGS)) {
            assertThat(fromJson.encode("an astronaut!").ids())
                    .containsExactly(fromVocabulary.encode("an astronaut!").ids());
        }
    }

    @Test
    void newerConfigurationsNameTheirTokensThemselves() throws IOException {
        for (String file : List.of("vocab.json", "merges.txt", "special_tokens_map.json")) {
            Files.copy(tokenizerOf("sd1").resolve(file), folder.resolve(file));
        }
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"added_tokens_decoder\":{},\"pad_token\":{\"content\":\"!\"},\"model_max_length\":1e30}");

        try (Tokenizer tokenizer = Tokenizers.open(folder, "CLIPTokenizer", 77, EMBEDDINGS)) {
            assertThat(tokenizer.encode("a").ids()[76]).isZero();
        }
    }

    @Test
    void whatIsNoTokenizerIsRefusedNamingTheFile() throws IOException {
        assertThatThrownBy(() -> Tokenizers.open(folder, "LlamaTokenizer", 77, EMBEDDINGS))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("LlamaTokenizer");
        assertThatThrownBy(() -> Tokenizers.open(folder, "BertTokenizer", 77, EMBEDDINGS))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("tokenizer.json", "no such file");
        Files.writeString(folder.resolve("tokenizer.json"), "{\"model\":{}}");
        assertThatThrownBy(() -> Tokenizers.open(folder, "BertTokenizer", 77, EMBEDDINGS))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("tokenizer.json", "not a tokenizer");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"model_max_length\":\"long\"}");
        assertThatThrownBy(() -> Tokenizers.open(folder, "BertTokenizer", 77, EMBEDDINGS))
                .hasMessageContainingAll("tokenizer_config.json", "model_max_length");
    }

    @Test
    void vocabulariesMustHoldTheSpecialTokensAndTheMerges() throws IOException {
        Files.writeString(folder.resolve("vocab.json"), "{\"<|startoftext|>\":0,\"a\":1}");
        Files.writeString(folder.resolve("merges.txt"), "#version\na b\n");
        assertThatThrownBy(() -> Tokenizers.open(folder, "CLIPTokenizer", 77, EMBEDDINGS))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("vocab.json", "<|endoftext|>");
        Files.writeString(folder.resolve("vocab.json"), "{\"<|startoftext|>\":0,\"<|endoftext|>\":1,\"a\":2}");
        assertThatThrownBy(() -> Tokenizers.open(folder, "CLIPTokenizer", 77, EMBEDDINGS))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("out of vocabulary");
    }

    private static long paddingOf(String checkpoint) {
        try (Tokenizer tokenizer = Tokenizers.open(tokenizerOf(checkpoint), "CLIPTokenizer", 77, EMBEDDINGS)) {
            long[] ids = tokenizer.encode("a red apple").ids();
            assertThat(ids).hasSize(77);
            return ids[76];
        }
    }

    private static long endOf(String checkpoint) throws IOException {
        return new ObjectMapper()
                .readTree(tokenizerOf(checkpoint).resolve("vocab.json").toFile())
                .get("<|endoftext|>")
                .asLong();
    }

    private static Path tokenizerOf(String checkpoint) {
        return REFERENCE.resolve("checkpoints").resolve(checkpoint).resolve("tokenizer");
    }

    private static long[] longs(JsonNode list) {
        long[] values = new long[list.size()];
        Arrays.setAll(values, i -> list.get(i).asLong());
        return values;
    }
}
