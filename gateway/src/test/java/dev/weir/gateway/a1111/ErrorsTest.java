package dev.weir.gateway.a1111;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.gateway.api.ApiError;
import org.junit.jupiter.api.Test;

/** Messages have Automatic1111's names of fields. */
final class ErrorsTest {

    private static String detail(String message) {
        return Errors.toJson(ApiError.invalid("invalid_value", message, "some")).getString("detail");
    }

    @Test
    void everyFieldThatIsTranslatedHasTheClientsName() {
        Errors.NAMES.forEach((weir, client) -> {
            assertThat(detail(weir + " must be smaller")).isEqualTo(client + " must be smaller");
            assertThat(detail("enable_hr: " + weir + " must be smaller"))
                    .isEqualTo("enable_hr: " + client + " must be smaller");
            if (weir.contains("_")) {
                assertThat(detail("mask must be as large as " + weir + ", 64x64"))
                        .isEqualTo("mask must be as large as " + client + ", 64x64");
            }
        });
    }

    @Test
    void plainWordsAndWhatTheClientSentStay() {
        assertThat(detail("guidance_scale is not taken by the model \"strength n\" of that size"))
                .isEqualTo("cfg_scale is not taken by the model \"strength n\" of that size");
        assertThat(detail("hr_upscaler is not \"clip_skip\"")).isEqualTo("hr_upscaler is not \"clip_skip\"");
    }
}
