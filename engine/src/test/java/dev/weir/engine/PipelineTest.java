package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole pictures, from prompt and seed to pixels, beside those that the reference's pipelines make. */
final class PipelineTest {

    private static final double LEAST_PSNR = 50;

    @RegisterExtension
    static final Opened<Drawing.Networks> OPENED = new Opened<>();

    record Case(JsonNode json, Path folder, Path picture) {

        @Override
        public String toString() {
            return json.path("name").asText();
        }
    }

    static Stream<Case> pictures() {
        var tiny = cases(ReferenceFile.json("pipeline/pipeline.json"))
                .map(json -> new Case(
                        json,
                        ReferenceFile.path(
                                "checkpoints/" + json.path("checkpoint").asText()),
                        ReferenceFile.path("pipeline/" + json.path("name").asText() + ".png")));
        var shipped = Stream.concat(
                shipped("default", ReferenceFile.json("starter.json").path("cases")),
                shipped("default-fast", ReferenceFile.json("starter-fast.json")));
        return Stream.concat(tiny, shipped);
    }

    private static Stream<Case> shipped(String model, JsonNode list) {
        return cases(list)
                .map(json -> new Case(
                        json,
                        Path.of("../models", model),
                        ReferenceFile.path(json.path("name").asText() + ".png")));
    }

    private static Stream<JsonNode> cases(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false);
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void aPromptAndASeedGiveTheReferencesPicture(Case picture) throws IOException {
        ModelFolder model = ModelFolder.open(picture.folder());
        Drawing.Networks networks = OPENED.of(picture.folder(), () -> Drawing.Networks.of(model));
        RgbImage ours = Drawing.draw(model, networks, picture.json());
        assertThat(Drawing.psnr(ours, ImageIO.read(picture.picture().toFile()))).isGreaterThanOrEqualTo(LEAST_PSNR);
    }
}
