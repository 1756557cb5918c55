package dev.weir.tests;

import static dev.weir.tests.ImagesTest.PICTURES;
import static dev.weir.tests.ImagesTest.REFERENCE;
import static dev.weir.tests.ImagesTest.picture;
import static dev.weir.tests.ImagesTest.request;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.engine.Conversion;
import dev.weir.picture.PictureFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Requests with an upscaler, for the server of {@link ImagesTest}, which has its file. */
final class UpscalerRequests {

    private static final ObjectMapper JSON = new ObjectMapper();

    private UpscalerRequests() {}

    /** A folder with an upscaler by 2. */
    static Path files(Path folder) throws IOException {
        Path files = Files.createDirectory(folder.resolve("upscalers"));
        Conversion.of(REFERENCE.resolve("upscalers/compact.pth"), files.resolve("compact.safetensors"), false)
                .write(bytes -> {});
        return files;
    }

    static void check(Server server) throws IOException {
        assertThat(server.get("/v1/models/sd1").path("upscalers").toString()).isEqualTo("[\"compact\"]");
        Map<String, Object> asked = request(Map.of("size", "48x48", "num_inference_steps", 4, "upscaler", "compact"));
        byte[] made = picture(server.generate(asked).join().body());
        PictureFile large = PictureFile.of(made);
        assertThat(large.width()).isEqualTo(96);
        assertThat(large.height()).isEqualTo(96);
        assertThat(PngText.of(made).get("parameters")).contains("Size: 48x48", "Upscaler: compact");

        Map<String, Object> form =
                Map.of("image", Files.readAllBytes(PICTURES.resolve("photo.png")), "upscaler", "compact");
        JsonNode answer = JSON.readTree(server.form("/v1/images/upscales", form).join());
        PictureFile small = PictureFile.of(Files.readAllBytes(PICTURES.resolve("photo.png")));
        assertThat(PictureFile.of(picture(answer)).width()).isEqualTo(2 * small.width());
        assertThat(answer.path("size").asText()).isEqualTo(2 * small.width() + "x" + 2 * small.height());
    }
}
