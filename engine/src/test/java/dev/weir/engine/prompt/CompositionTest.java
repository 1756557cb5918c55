package dev.weir.engine.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.prompt.PromptSchedule.Until;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class CompositionTest {

    /** The tool's doctests and random prompts, by its grammar. */
    @Test
    void textsChangeAsInTheTool() {
        JsonNode cases = ReferenceFile.json("words/schedules.json");
        assertThat(cases).hasSizeGreaterThan(250);
        for (JsonNode expected : cases) {
            List<Until> schedule = new ArrayList<>();
            expected.get("schedule")
                    .forEach(until -> schedule.add(
                            new Until(until.get(0).asInt(), until.get(1).asText())));
            String prompt = expected.get("prompt").asText();
            assertThat(PromptSchedule.parse(prompt, expected.get("steps").asInt()))
                    .as("<%s>", prompt)
                    .isEqualTo(schedule);
        }
    }

    @Test
    void partsHaveWeights() {
        var composed = Composition.of("a cat :1.2 AND a dog AND a :b: -0.5 BAND", PromptSyntax.A1111, 10);
        assertThat(composed.texts()).containsExactly("a cat", " a dog", " a :b: -0.5 BAND");
        assertThat(composed.parts()).extracting(Composition.Part::weight).containsExactly(1.2, 1.0, 1.0);
        assertThat(Composition.of("at 10:30", PromptSyntax.A1111, 10)
                        .parts()
                        .get(0)
                        .weight())
                .isEqualTo(30);
    }

    @Test
    void aPromptInAnotherSyntaxIsOneText() {
        String text = "[a:b:3] AND [c|d] :2";
        for (PromptSyntax syntax : List.of(PromptSyntax.PLAIN, PromptSyntax.COMFYUI, PromptSyntax.COMPEL)) {
            assertThat(Composition.of(text, syntax, 10)).isEqualTo(Composition.of(text));
        }
        assertThat(Composition.of(text).isPlain()).isTrue();
        assertThat(Composition.ofNegative("a AND b", PromptSyntax.A1111, 10).texts())
                .containsExactly("a AND b");
    }

    /** The tool counts from 0 and compares with ends that are counted from 1. */
    @Test
    void theFirstTextHasOneStepMore() {
        var part = Composition.of("[a:b:3]", PromptSyntax.A1111, 10).parts().get(0);
        assertThat(List.of(part.textAt(0), part.textAt(3), part.textAt(4), part.textAt(9)))
                .containsExactly(0, 0, 1, 1);
        var ended = Composition.of("[a:b:3]", PromptSyntax.A1111, 10)
                .atEnd()
                .parts()
                .get(0);
        assertThat(ended.textAt(0)).isEqualTo(1);
    }

    @Test
    void textsAndPartsAreBounded() {
        assertThatThrownBy(() -> Composition.of("a AND ".repeat(8) + "b", PromptSyntax.A1111, 10))
                .hasMessageContaining("9 parts");
        assertThatThrownBy(() -> Composition.of("[a|b][c|d|e][f|g|h|i|j|k|l]", PromptSyntax.A1111, 100))
                .hasMessageContaining("42 texts, and at most")
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void bracketsMayBeNestedDeep() {
        assertThat(PromptSchedule.parse("[".repeat(2000) + "a" + ":3]".repeat(2000), 10))
                .isNotEmpty();
    }
}
