package dev.weir.engine.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Long prompts are read in little stack: event loops read them. */
final class LongPromptTest {

    private static final int LENGTH = 4000;
    private static final int STACK_BYTES = 256 << 10;

    @ParameterizedTest
    @ValueSource(strings = {"a", " ", "a ", "\\(", "\\\"", "\"", "a:", ",", "é", "\n", "[a|b]", "(a)", "\\"})
    void everySyntaxReadsALongPromptInLittleStack(String part) throws Exception {
        String text = part.repeat(LENGTH / part.length());
        String quoted = '"' + text.substring(2) + '"';
        for (String prompt : List.of(text, quoted)) {
            for (PromptSyntax syntax : PromptSyntax.values()) {
                var composition = inLittleStack(() -> Composition.of(prompt, syntax, 20));
                assertThat(composition.texts()).isNotEmpty();
            }
            assertThat(inLittleStack(() -> A1111Prompt.parse(prompt))).isNotEmpty();
            assertThat(inLittleStack(() -> ComfyPrompt.parse(prompt))).isNotEmpty();
            assertThat(inLittleStack(() -> CompelPrompt.parse(prompt)).parts()).isNotEmpty();
        }
    }

    /** A quotation ends at a mark without a backslash; where there is none, as in compel's grammar, at the last one. */
    @ParameterizedTest
    @ValueSource(strings = {"\"a b\"", "\"a \\\"b\\\" c\"", "\"a b\\\""})
    void aQuotationEndsWhereCompelEndsIt(String quotation) {
        var fragments =
                CompelPrompt.parse(quotation + "++ c").parts().get(0).prompts().get(0);
        assertThat(fragments.get(0).weight()).isEqualTo(Math.pow(1.1, 2));
        assertThat(fragments.get(fragments.size() - 1)).isEqualTo(new Fragment("c", 1));
    }

    private static <T> T inLittleStack(Callable<T> reading) throws Exception {
        var task = new FutureTask<>(reading);
        var thread = new Thread(null, task, "little stack", STACK_BYTES);
        thread.start();
        thread.join();
        return task.get();
    }
}
