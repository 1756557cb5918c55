package dev.weir.engine.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The vectors of the tool's own doctests, and what its code does with malformed prompts. */
final class A1111PromptTest {

    @Test
    void textHasTheWeightOne() {
        reads("normal text", of("normal text", 1));
        reads("", of("", 1));
    }

    @Test
    void bracketsMultiply() {
        reads("an (important) word", of("an ", 1), of("important", 1.1), of(" word", 1));
        reads("(unnecessary)(parens)", of("unnecessaryparens", 1.1));
        reads("[less] (of: 0.5 )", of("less", 1 / 1.1), of(" ", 1), of("of", 0.5));
        reads(
                "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
                of("a ", 1),
                of("house", 1.5730000000000004),
                of(" ", 1.1),
                of("on", 1),
                of(" a ", 1.1),
                of("hill", 0.55),
                of(", sun, ", 1.1),
                of("sky", 1.4641000000000006),
                of(".", 1.1));
    }

    @Test
    void whatIsNotClosedCountsToTheEnd() {
        reads("(unbalanced", of("unbalanced", 1.1));
        reads("a [b", of("a ", 1), of("b", 1 / 1.1));
        reads("a) b]", of("a) b]", 1));
        reads("time 10:30) x", of("time 10:30) x", 1));
    }

    @Test
    void aWeightThatIsNoNumberIsText() {
        reads("(a:1.2.3)", of("a:1.2.3", 1.1));
        reads("(a:x)", of("a:x", 1.1));
    }

    @Test
    void aBackslashMakesABracketText() {
        reads("\\(literal\\]", of("(literal]", 1));
        reads("\\\\ \\x", of("\\ x", 1));
    }

    @Test
    void breaksAreParts() {
        var parsed = A1111Prompt.parse("a cat  BREAK a dog BREAK\nBREAK (a BREAK b) BREAKFAST");
        assertThat(parsed.stream().filter(Fragment::isBreak)).hasSize(3);
        assertThat(parsed.get(0)).isEqualTo(of("a cat", 1));
        // The tool reads a break in brackets as a word, because its mark has another weight there.
        assertThat(parsed).contains(of("BREAK", -1.1)).contains(of(" BREAKFAST", 1));
    }

    private static void reads(String prompt, Fragment... fragments) {
        assertThat(A1111Prompt.parse(prompt)).isEqualTo(List.of(fragments));
    }

    private static Fragment of(String text, double weight) {
        return new Fragment(text, weight);
    }
}
