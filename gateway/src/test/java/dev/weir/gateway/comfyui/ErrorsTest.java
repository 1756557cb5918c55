package dev.weir.gateway.comfyui;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.gateway.api.ApiError;
import org.junit.jupiter.api.Test;

/** Messages that are about no node have ComfyUI's names of inputs. */
final class ErrorsTest {

    @Test
    void everyFieldThatIsTranslatedHasTheClientsName() {
        Errors.NAMES.forEach((weir, client) -> assertThat(
                        Errors.toJson(ApiError.invalid("invalid_value", weir + " must be smaller", weir))
                                .getJsonObject("error")
                                .getString("message"))
                .isEqualTo(client + " must be smaller"));
    }
}
