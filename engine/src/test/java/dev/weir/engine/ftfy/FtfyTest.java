package dev.weir.engine.ftfy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against what the Python library makes of the same strings (tools/reference/ftfy_cases.py). */
final class FtfyTest {

    private static final Path CASES = Path.of("src/test/resources/reference/tokenizers/ftfy.json");

    @Test
    void everyTextIsFixedAsTheLibraryFixesIt() throws IOException {
        JsonNode cases = new ObjectMapper().readTree(CASES.toFile());
        assertThat(cases).hasSizeGreaterThan(1000).allSatisfy(expected -> {
            String text = expected.get("text").textValue();
            assertThat(Ftfy.fixText(text))
                    .as(text)
                    .isEqualTo(expected.path("fixed").asText(text));
        });
        long changed = StreamSupport.stream(cases.spliterator(), false)
                .filter(expected -> expected.has("fixed"))
                .count();
        assertThat(changed).isGreaterThan(500);
    }

    @Test
    void entitiesAreUnfoldedSoManyTimesAndNoMore() {
        assertThat(Ftfy.fixText("&" + "amp;".repeat(16) + " é")).isEqualTo("& é");
        assertThat(Ftfy.fixText("&" + "amp;".repeat(1000) + " é")).isEqualTo("&" + "amp;".repeat(1000 - 16) + " é");
    }

    /** Regular expressions must not need a stack that grows with the text. */
    @ParameterizedTest
    @ValueSource(strings = {"a", "é", "Ã©", "â€™", "&amp;", "ﬁ", "Ａ", "\u0000", "\ud800", "😀", "e\u0301", "x\n"})
    void longTextsAreFixedAsShortOnes(String part) {
        assertThat(Ftfy.fixText(part.repeat(10_000)))
                .isEqualTo(Ftfy.fixText(part.repeat(10)).repeat(1_000));
    }
}
