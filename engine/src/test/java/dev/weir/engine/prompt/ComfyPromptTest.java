package dev.weir.engine.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

final class ComfyPromptTest {

    @Test
    void bracketsMultiplyAndAWeightIsAbsolute() {
        reads("a (b) ((c)) (d:1.3)", of("a ", 1), of("b", 1.1), of(" ", 1), of("c", 1.21), of(" ", 1), of("d", 1.3));
        reads("(a (b:1.3) c)", of("a ", 1.1), of("b", 1.3), of(" c", 1.1));
        reads("((a:2) b:0.5)", of("a", 2), of(" b", 0.5));
        reads("(a:1e-1)(b: .5 )", of("a", 0.1), of("b", 0.5));
    }

    @Test
    void squareBracketsAreText() {
        reads("[a] [b:c:3]", of("[a] [b:c:3]", 1));
    }

    @Test
    void aBackslashMakesABracketText() {
        reads("a \\(b\\) (c\\))", of("a (b) ", 1), of("c)", 1.1));
    }

    @Test
    void aWeightThatIsNoNumberIsText() {
        reads("(a:b)", of("a:b", 1.1));
        reads("(a:)", of("a:", 1.1));
        reads("(:1.3)", of(":1.3", 1.1));
        reads("(a:inf)", of("a:inf", 1.1));
    }

    @Test
    void whatIsNotClosedIsText() {
        reads("a (b", of("a ", 1), of("(b", 1));
        reads("a) (b) c", of("a) (b) c", 1));
        reads("", new Fragment[0]);
        reads("()", new Fragment[0]);
    }

    @Test
    void bracketsMayBeNestedDeep() {
        assertThat(ComfyPrompt.parse("(".repeat(2000) + "a" + ")".repeat(2000)))
                .singleElement()
                .matches(fragment -> fragment.text().contains("a"));
    }

    private static void reads(String prompt, Fragment... fragments) {
        List<Fragment> parsed = ComfyPrompt.parse(prompt);
        assertThat(parsed)
                .extracting(Fragment::text)
                .isEqualTo(List.of(fragments).stream().map(Fragment::text).toList());
        for (int i = 0; i < fragments.length; i++) {
            assertThat(parsed.get(i).weight()).isCloseTo(fragments[i].weight(), within(1e-12));
        }
    }

    private static Fragment of(String text, double weight) {
        return new Fragment(text, weight);
    }
}
