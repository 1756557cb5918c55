package dev.weir.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** Against Python (tools/reference/ftfy_cases.py). */
final class PythonTextTest {

    private static final Path CASES = Path.of("src/test/resources/reference/tokenizers/ftfy.json");

    @Test
    void lettersBecomeSmallAsPythonMakesThemSmall() throws IOException {
        JsonNode cases = new ObjectMapper().readTree(CASES.toFile());
        assertThat(cases).allSatisfy(expected -> {
            String fixed = expected.path("fixed").asText(expected.get("text").textValue());
            assertThat(PythonText.lower(fixed))
                    .as(fixed)
                    .isEqualTo(expected.path("lower").asText(fixed));
        });
        assertThat(cases).as("some where Java's own differs").anyMatch(expected -> !expected.path("fixed")
                .asText(expected.get("text").textValue())
                .toLowerCase(Locale.ROOT)
                .equals(expected.path("lower").asText("")));
    }

    @Test
    void theLocaleOfTheMachineMakesNoDifference() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("tr"));
            assertThat(PythonText.lower("TITLE Iıİ")).isEqualTo("title iıi\u0307");
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void spacesAreThoseOfPython() {
        String spaces =
                " \t\r\n\u000b\f\u001c\u001d\u001e\u001f\u0085\u00a0\u1680\u2000\u2007\u200a\u2028\u2029\u202f\u205f\u3000";
        assertThat(PythonText.stripStart(spaces + "a" + spaces)).isEqualTo("a" + spaces);
        assertThat(PythonText.stripEnd(spaces + "a" + spaces)).isEqualTo(spaces + "a");
        assertThat(PythonText.stripEnd("a\u200b\ufeff")).isEqualTo("a\u200b\ufeff");
        assertThat(PythonText.cleanSpaces("\u00a0 a\u3000\u2003b\u0085")).isEqualTo("a b");
    }
}
