package dev.weir.engine.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Weights that no network gives anything finite with are refused where a prompt is read, and named. */
final class PromptWeightTest {

    private static void read(String syntax, String text) {
        switch (syntax) {
            case "a1111" -> A1111Prompt.parse(text);
            case "comfyui" -> ComfyPrompt.parse(text);
            case "compel" -> CompelPrompt.parse(text);
            default -> Composition.of(text, PromptSyntax.A1111, 20);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "comfyui | x (y:1e999) | the weight 1e999",
                "comfyui | x (y:-1e30) | the weight -1e30",
                "comfyui | x (y:1001) | the weight 1001",
                "a1111 | x (y:99999999999999999999) | the weight 99999999999999999999",
                "compel | x (y)99999 | the weight 99999",
                "compel | (\"x\", \"y\").blend(1, 99999) | the weight 99999",
                "compel | (\"x\", \"y\").and(99999, 1) | the weight 99999",
                "AND | x AND y :99999 | the weight 99999",
            })
    void aWeightOutOfBoundsIsNamed(String syntax, String text, String problem) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> read(syntax, text))
                .withMessage(problem + " must be from -1000 to 1000");
    }

    @Test
    void weightsThatMultiplyToMoreAreNamedToo() {
        for (String[] prompt : new String[][] {
            {"compel", "word" + "+".repeat(300)},
            {"compel", "word" + "+".repeat(8000)},
            {"a1111", "(".repeat(8000) + "word"},
            {"a1111", "(((((word:1000):1000):1000):1000):1000)"},
        }) {
            assertThatIllegalArgumentException()
                    .as(prompt[0])
                    .isThrownBy(() -> read(prompt[0], prompt[1]))
                    .withMessageStartingWith("the weight of \"")
                    .withMessageContaining("word")
                    .withMessageEndingWith(" in all, must be from -1000000000 to 1000000000");
        }
    }

    @Test
    void theBoundsAreWeights() {
        assertThat(ComfyPrompt.parse("(y:1000)")).containsExactly(new Fragment("y", 1000));
        assertThat(A1111Prompt.parse("(y:-1000)")).containsExactly(new Fragment("y", -1000));
    }
}
