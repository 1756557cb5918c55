package dev.weir.textencoder;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.Prompt;
import dev.weir.engine.PromptSize;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class TextBoundsTest {

    private static final long SDXL_CHUNK = 77 * 2048;

    @Test
    void theChunksOfAllTextsAreBounded() {
        assertThatCode(() -> TextBounds.check(wording(32), prompt -> new PromptSize(4, 1)))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> TextBounds.check(wording(33), prompt -> new PromptSize(4, 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("33 texts with 132 chunks to encode, and at most 128");
    }

    @Test
    void theStatesOfAllTextsAreBounded() {
        assertThatCode(() -> TextBounds.check(wording(33), prompt -> new PromptSize(1, SDXL_CHUNK)))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> TextBounds.check(wording(8), prompt -> new PromptSize(6, 6 * SDXL_CHUNK)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("8 texts whose states take 28.9 MiB in this model, and at most 24 MiB");
    }

    /** The shorter one is filled up to the length of the longer one. */
    @Test
    void aPromptThatIsFilledUpCountsAsLong() {
        Prompt empty = Prompt.of("");
        Map<String, Prompt> prompts = Map.of("cond/", Prompt.of("long"), "uncond/", Prompt.of("short"));
        assertThatThrownBy(() -> TextBounds.check(
                        new Wording(prompts, List.of(empty)),
                        prompt -> new PromptSize(1, prompt.text().equals("long") ? 20 * SDXL_CHUNK : SDXL_CHUNK)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("24.1 MiB");
    }

    private static Wording wording(int texts) {
        Map<String, Prompt> prompts = new LinkedHashMap<>();
        for (int i = 0; i < texts; i++) {
            prompts.put("cond/" + i + "/", Prompt.of("text " + i));
        }
        return new Wording(prompts, List.of());
    }
}
