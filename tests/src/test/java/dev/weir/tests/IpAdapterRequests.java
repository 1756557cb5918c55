package dev.weir.tests;

import static dev.weir.tests.ImagesTest.PICTURES;
import static dev.weir.tests.ImagesTest.REFERENCE;
import static dev.weir.tests.ImagesTest.base64;
import static dev.weir.tests.ImagesTest.picture;
import static dev.weir.tests.ImagesTest.request;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.client.ImageRequest;
import dev.weir.client.Options;
import dev.weir.client.WeirClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Requests with IP-Adapters, for the server of {@link ImagesTest}, which has their files. */
final class IpAdapterRequests {

    static final Path IP_ADAPTERS = REFERENCE.resolve("ip_adapter");

    private static final ObjectMapper JSON = new ObjectMapper();

    private IpAdapterRequests() {}

    /** Users with different IP-Adapters, several and none, who share the server's forwards. */
    static void seesImagesBesideThePrompt(Server server) throws IOException {
        Map<String, List<Map<String, Object>>> cases = Map.of(
                "none", List.of(),
                "plain", List.of(use("ip-adapter_sd15", 0.6, "photo.png")),
                "two-images", List.of(use("ip-adapter_sd15", 0.9, "photo.png", "bordered.png")),
                "both",
                        List.of(
                                use("ip-adapter_sd15", 0.5, "bordered.png"),
                                use("ip-adapter-plus_sd15", 0.8, "photo.png")));
        Map<String, Object> small = Map.of("guidance_scale", 5, "size", "48x48", "num_inference_steps", 8);
        Map<String, CompletableFuture<Server.Answer>> answers = new HashMap<>();
        cases.forEach((name, adapters) -> {
            Map<String, Object> request = request(small);
            request.put("ip_adapters", adapters);
            answers.put(name, server.generate(request));
        });
        for (var answer : answers.entrySet()) {
            byte[] made = picture(answer.getValue().join().body());
            assertThat(PictureError.psnr(made, IP_ADAPTERS.resolve(answer.getKey() + ".png")))
                    .as(answer.getKey())
                    .isGreaterThan(50);
            assertThat(PngText.of(made).getOrDefault("parameters", "").contains("IP-Adapters: "))
                    .as("%s says what made it", answer.getKey())
                    .isEqualTo(!answer.getKey().equals("none"));
        }
        assertThat(server.get("/v1/models/sd1").path("ip_adapters").toString())
                .as("files for other models are not offered")
                .isEqualTo("[\"ip-adapter-plus_sd15\",\"ip-adapter_sd15\"]");
        asksWithTheClient(server);
        Map<String, Object> form = request(Map.of(
                "strength",
                0.7,
                "guidance_scale",
                5,
                "size",
                "64x64",
                "num_inference_steps",
                8,
                "ip_adapters",
                "[{\"name\": \"ip-adapter_sd15\", \"scale\": 0.8, \"images\": [\"upload:seen\"]}]"));
        form.put("image[]", Files.readAllBytes(PICTURES.resolve("photo.png")));
        form.put("seen", Files.readAllBytes(PICTURES.resolve("bordered.png")));
        byte[] edited =
                picture(JSON.readTree(server.form("/v1/images/edits", form).join()));
        assertThat(PictureError.psnr(edited, IP_ADAPTERS.resolve("image.png"))).isGreaterThan(50);
    }

    private static void asksWithTheClient(Server server) throws IOException {
        List<byte[]> images = new ArrayList<>();
        for (String name : List.of("photo.png", "bordered.png")) {
            images.add(Files.readAllBytes(PICTURES.resolve(name)));
        }
        ImageRequest request = ImageRequest.builder("a red apple on a green hill")
                .negativePrompt("blurry, dark")
                .model("sd1")
                .sampler("ddim")
                .guidanceScale(5)
                .size(48, 48)
                .steps(8)
                .seed(7)
                .options(Options.NONE.withIpAdapter("ip-adapter_sd15", 0.9, images))
                .build();
        try (WeirClient client = WeirClient.of(server.url())) {
            byte[] made = client.generate(request).image().bytes();
            assertThat(PictureError.psnr(made, IP_ADAPTERS.resolve("two-images.png")))
                    .isGreaterThan(50);
        }
    }

    private static Map<String, Object> use(String name, double scale, String... pictures) throws IOException {
        List<String> images = new ArrayList<>();
        for (String picture : pictures) {
            images.add(base64(picture));
        }
        return Map.of("name", name, "scale", scale, "images", images);
    }
}
