package dev.weir.gateway.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.weir.gateway.api.PromptLoras.Use;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The forms that the web UI's own source reads. */
final class PromptLorasTest {

    @ParameterizedTest
    @CsvSource({
        "<lora:pixel>, pixel, 1, 1",
        "<lora:pixel:0.8>, pixel, 0.8, 0.8",
        "<lora:pixel:-0.8>, pixel, -0.8, -0.8",
        "<lora:pixel:0.5:1>, pixel, 0.5, 1",
        "<lora:pixel:te=0.5>, pixel, 0.5, 0.5",
        "<lora:pixel:unet=0.5>, pixel, 1, 0.5",
        "<lora:pixel:1:unet=0.5:te=0>, pixel, 0, 0.5",
        "<lora:unet=0.5:pixel:0.3>, pixel, 0.3, 0.5",
        "<lyco:pixel art (v2):.5>, pixel art (v2), 0.5, 0.5",
        "<lora:a=b=c:2>, a=b=c, 2, 2"
    })
    void aTagNamesALoraAndItsWeights(String tag, String name, double text, double unet) {
        PromptLoras read = PromptLoras.read("a red " + tag + "apple");
        assertThat(read.prompt()).isEqualTo("a red apple");
        assertThat(read.uses()).containsExactly(new Use(name, text, unet));
    }

    @Test
    void aLoraThatIsNamedTwiceCountsTwiceWithItsLastWeights() {
        PromptLoras read = PromptLoras.read("<lora:a:0.2>, <lora:b:1><lora:a:0.3:0.4> x");
        assertThat(read.prompt()).isEqualTo(",  x");
        assertThat(read.uses()).containsExactly(new Use("a", 0.6, 0.8), new Use("b", 1, 1));
    }

    @Test
    void otherTextStaysAndOtherTagsAreRemovedWithoutEffect() {
        String text = "1 < 2 > 0, <lora>, <lora:>, a:b";
        assertThat(PromptLoras.read(text)).isEqualTo(new PromptLoras(text, List.of()));
        assertThat(PromptLoras.read("x<style:dark>y")).isEqualTo(new PromptLoras("xy", List.of()));
    }

    @ParameterizedTest
    @CsvSource({
        "<lora:pixel:high>, has <lora:pixel:high>: \"high\" is not a number",
        "<lora:pixel:>, \"\" is not a number",
        "<lora:te=1>, the name is missing",
        "<lora:pixel:1:1:8>, DyLoRA",
        "<lora:pixel:dyn=8>, DyLoRA",
        "<hypernet:pixel:1>, hypernetworks are not supported"
    })
    void whatDoesNotRunIsRefused(String tag, String problem) {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> PromptLoras.read("a red apple " + tag))
                .withMessageContaining(problem);
    }
}
