package dev.weir.engine.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.prompt.CompelPrompt.Blend;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Prompts of compel's own tests and random ones, as compel parsed them. */
final class CompelPromptTest {

    @Test
    void aPromptIsParsedAsByCompel() {
        JsonNode cases = ReferenceFile.json("words/compel.json");
        assertThat(cases).hasSizeGreaterThan(400);
        for (JsonNode expected : cases) {
            String prompt = expected.get("prompt").asText();
            if (expected.get("parsed").isNull()) {
                assertThatThrownBy(() -> CompelPrompt.parse(prompt))
                        .as("<%s>", prompt)
                        .isInstanceOf(IllegalArgumentException.class);
            } else {
                requireSame(CompelPrompt.parse(prompt), expected.get("parsed"), prompt);
            }
        }
    }

    @Test
    void whatNeedsTheDenoiserIsRefusedByItsName() {
        assertThatThrownBy(() -> CompelPrompt.parse("a cat.swap(dog)")).hasMessageContaining("swap()");
        assertThatThrownBy(() -> CompelPrompt.parse("withLora(hoop, 1) a cat")).hasMessageContaining("loras");
    }

    @Test
    void nestedBracketsTakeNoExponentialTime() {
        var deep = CompelPrompt.parse("(".repeat(40) + "a" + ")+".repeat(40));
        assertThat(deep.parts().get(0).prompts().get(0).get(0).weight()).isCloseTo(Math.pow(1.1, 40), within(1e-6));
        assertThat(CompelPrompt.parse("(".repeat(2000) + "a" + ")+".repeat(2000))
                        .parts())
                .hasSize(1);
    }

    private static void requireSame(CompelPrompt ours, JsonNode theirs, String prompt) {
        assertThat(ours.parts()).as("<%s>", prompt).hasSize(theirs.get("parts").size());
        requireClose(ours.weights(), theirs.get("weights"), prompt);
        for (int i = 0; i < ours.parts().size(); i++) {
            Blend blend = ours.parts().get(i);
            JsonNode other = theirs.get("parts").get(i);
            requireClose(blend.weights(), other.get("weights"), prompt);
            assertThat(blend.normalized()).isEqualTo(other.get("normalized").asBoolean());
            assertThat(blend.prompts())
                    .as("<%s>", prompt)
                    .hasSize(other.get("prompts").size());
            for (int j = 0; j < blend.prompts().size(); j++) {
                List<Fragment> fragments = blend.prompts().get(j);
                JsonNode expected = other.get("prompts").get(j);
                assertThat(fragments).as("<%s>", prompt).hasSize(expected.size());
                for (int k = 0; k < fragments.size(); k++) {
                    assertThat(fragments.get(k).text())
                            .as("<%s>", prompt)
                            .isEqualTo(expected.get(k).get(0).asText());
                    assertThat(fragments.get(k).weight())
                            .as("<%s>", prompt)
                            .isCloseTo(expected.get(k).get(1).asDouble(), within(1e-9));
                }
            }
        }
    }

    private static void requireClose(List<Double> ours, JsonNode theirs, String prompt) {
        assertThat(ours).as("<%s>", prompt).hasSize(theirs.size());
        for (int i = 0; i < ours.size(); i++) {
            assertThat(ours.get(i)).as("<%s>", prompt).isCloseTo(theirs.get(i).asDouble(), within(1e-9));
        }
    }
}
