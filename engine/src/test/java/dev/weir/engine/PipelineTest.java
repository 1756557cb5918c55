package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import javax.imageio.ImageIO;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole pictures, from prompt and seed to pixels, beside those that the reference's pipelines make. */
final class PipelineTest {

    private static final double LEAST_PSNR = 50;

    record Case(JsonNode json, ModelFolder model, Path picture) {

        @Override
        public String toString() {
            return json.path("name").asText();
        }
    }

    static Stream<Case> pictures() {
        var tiny = cases(ReferenceFile.json("pipeline/pipeline.json"))
                .map(json -> new Case(
                        json,
                        ModelFolder.open(ReferenceFile.path(
                                "checkpoints/" + json.path("checkpoint").asText())),
                        ReferenceFile.path("pipeline/" + json.path("name").asText() + ".png")));
        var shipped = Stream.concat(
                shipped("default", ReferenceFile.json("starter.json").path("cases")),
                shipped("default-fast", ReferenceFile.json("starter-fast.json")));
        return Stream.concat(tiny, shipped);
    }

    private static Stream<Case> shipped(String model, JsonNode list) {
        ModelFolder folder = ModelFolder.open(Path.of("../models", model));
        return cases(list)
                .map(json -> new Case(
                        json, folder, ReferenceFile.path(json.path("name").asText() + ".png")));
    }

    private static Stream<JsonNode> cases(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false);
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void aPromptAndASeedGiveTheReferencesPicture(Case picture) throws IOException {
        RgbImage ours = Drawing.draw(picture.model(), picture.json());
        assertThat(Drawing.psnr(ours, ImageIO.read(picture.picture().toFile()))).isGreaterThanOrEqualTo(LEAST_PSNR);
    }
}
