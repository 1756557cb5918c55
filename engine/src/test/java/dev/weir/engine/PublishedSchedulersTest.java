package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole pictures of folders with the scheduler_config.json that models are published with, beside StableDiffusionPipeline's. */
final class PublishedSchedulersTest {

    private static final double LEAST_PSNR = 50;
    private static final ObjectMapper JSON = new ObjectMapper();

    @RegisterExtension
    static final Opened<Drawing.Networks> OPENED = new Opened<>();

    @TempDir
    Path temporary;

    static Stream<Named<JsonNode>> cases() {
        JsonNode cases = ReferenceFile.json("published/published.json");
        return StreamSupport.stream(cases.spliterator(), false)
                .map(json -> Named.of(json.path("name").asText(), json));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theSchedulerThatRunsIsTheReferences(JsonNode json) throws IOException {
        Optional<String> sampler = Optional.ofNullable(json.path("sampler").textValue());
        ModelFolder model = ModelFolder.open(folder(json), sampler);
        Path picture = ReferenceFile.path("published/" + json.path("name").asText() + ".png");

        sampler.ifPresent(asked -> assertThat(model.card().defaults().sampler()).isEqualTo(asked));
        // Folders with other schedulers have the same networks.
        Drawing.Networks networks =
                OPENED.of(List.of(json.path("checkpoint"), json.path("vae_config")), () -> Drawing.Networks.of(model));
        assertThat(Drawing.psnr(Drawing.draw(model, networks, json), ImageIO.read(picture.toFile())))
                .isGreaterThanOrEqualTo(LEAST_PSNR);
    }

    private Path folder(JsonNode json) throws IOException {
        Path model = TestModels.copy(json.path("checkpoint").asText(), temporary);
        Files.writeString(
                model.resolve("scheduler/scheduler_config.json"),
                json.path("scheduler_config").toString());
        TestModels.setComponent(
                model,
                "StableDiffusionPipeline",
                "scheduler",
                json.path("index").asText());
        Path vae = model.resolve("vae/config.json");
        ObjectNode config = (ObjectNode) JSON.readTree(vae.toFile());
        config.setAll((ObjectNode) json.path("vae_config"));
        Files.writeString(vae, config.toString());
        return model;
    }
}
