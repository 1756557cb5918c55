package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.client.ImageFormat;
import dev.weir.client.ImageRequest;
import dev.weir.engine.ModelFolder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is wrong with a request is said before a model is loaded. */
final class RequestCheckTest {

    private static final Path MODEL = Path.of("../engine/src/test/resources/reference/checkpoints/sd1")
            .toAbsolutePath()
            .normalize();

    @Test
    void aFormatThatTheModelDoesNotMakeIsRefused() {
        List<ModelFolder> models = List.of(ModelFolder.open(MODEL));
        ImageRequest request =
                ImageRequest.builder("a chair").format(ImageFormat.PLY).build();

        assertThatThrownBy(() -> RequestCheck.job(request, models))
                .isInstanceOf(CliException.class)
                .hasMessage("--out must be png, jpeg or webp: \"sd1\" makes no clouds of points");
        ImageRequest picture = request.toBuilder().format(ImageFormat.WEBP).build();
        assertThat(RequestCheck.job(picture, models).model()).isEqualTo("sd1");
    }
}
