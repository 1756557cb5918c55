package dev.weir.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Captions against those of diffusers with Beautiful Soup and ftfy (tools/reference/captions.py). */
class CaptionCleanerTest {

    private static Stream<JsonNode> captions() throws IOException {
        JsonNode cases = new ObjectMapper()
                .readTree(Path.of("src/test/resources/reference/tokenizers/captions.json")
                        .toFile());
        return StreamSupport.stream(cases.spliterator(), false);
    }

    @Test
    void promptsAreCleanedAsByDiffusers() throws IOException {
        assertThat(captions().filter(json -> !json.get("cleaned").isNull()))
                .hasSizeGreaterThan(200)
                .allSatisfy(
                        json -> assertThat(CaptionCleaner.clean(json.get("text").textValue()))
                                .isEqualTo(json.get("cleaned").textValue()));
    }

    @Test
    void tagsAndEntitiesAreRefused() throws IOException {
        assertThat(captions().filter(json -> json.get("cleaned").isNull()))
                .hasSizeGreaterThan(10)
                .allSatisfy(json -> assertThatThrownBy(
                                () -> CaptionCleaner.clean(json.get("text").textValue()))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("HTML tag or entity"));
    }

    /** Nothing that a prompt may be makes an expression search for long. */
    @ParameterizedTest
    @ValueSource(strings = {"a", "a.", "1", "a1", "'", "-", "@a", "x.png", "http:/", "a.com@", "_", "日"})
    void longPromptsAreCleanedToo(String piece) {
        String word = piece.repeat(500 / piece.length());
        assertThat(CaptionCleaner.clean((word + " ").repeat(8))).hasSizeLessThan(8_001);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "a.", "%41"})
    void aWordThatIsTooLongIsRefused(String piece) {
        assertThatThrownBy(() -> CaptionCleaner.clean("a " + piece.repeat(501)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a word of more than 500 characters");
    }
}
