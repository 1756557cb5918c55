package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.engine.network.Networks;
import dev.weir.engine.weights.WeightType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The published files of guided diffusion are known by their shapes, with the flags of their README. */
class PublishedGuidedDiffusionTest {

    @TempDir
    Path temporary;

    static Stream<JsonNode> published() throws IOException {
        Path file = ReferenceFile.path("adm/published.json.gz");
        try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
            return StreamSupport.stream(new ObjectMapper().readTree(in).spliterator(), false);
        }
    }

    @ParameterizedTest
    @MethodSource("published")
    void aFileNeedsNoOptions(JsonNode json) throws IOException {
        JsonNode flags = json.get("flags");
        GuidedDiffusionPart part = part(json, GuidedDiffusionTraining.NONE);

        Networks.check(part.config(), part.weights());

        boolean isClassifier = json.get("name").asText().contains("classifier");
        int side = flags.path("large_size").asInt(flags.path("image_size").asInt());
        assertThat(part.side()).isEqualTo(side);
        assertThat(part.heads().width())
                .isEqualTo(isClassifier ? 64 : flags.path("num_head_channels").asInt());
        assertThat(part.heads().count()).isEqualTo(flags.path("num_heads").asInt());
        assertThat(part.cosine())
                .isEqualTo(flags.path("noise_schedule").asText().equals("cosine"));
        assertThat(part.config().path("num_class_embeds").asInt())
                .isEqualTo(flags.path("class_cond").asBoolean() ? 1000 : 0);
    }

    @Test
    void anotherFileNeedsTheFlagsOfItsTraining() throws IOException {
        Path file = GuidedDiffusionFiles.write(temporary, "base");
        assertThatThrownBy(() -> GuidedDiffusionPart.of(WeightFile.open(file), GuidedDiffusionTraining.NONE))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("--num-heads or --num-head-channels");
        var heads = new GuidedDiffusionTraining(
                "", Optional.empty(), OptionalInt.of(2), OptionalInt.empty(), false, OptionalInt.empty());
        assertThatThrownBy(() -> GuidedDiffusionPart.of(WeightFile.open(file), heads))
                .hasMessageContaining("--noise-schedule");
        assertThatThrownBy(() -> GuidedDiffusionPart.of(WeightFile.open(file), heads.ofUpsampler()))
                .hasMessageContaining("--upsampler-noise-schedule");
    }

    @Test
    void aFileOfAnotherKindIsRefused() throws IOException {
        Path classifier = GuidedDiffusionFiles.write(temporary, "classifier");
        GuidedDiffusionOptions options = GuidedDiffusionFiles.options("base", "cosine", Optional.of(classifier), false);
        assertThatThrownBy(() -> Conversion.of(classifier, temporary.resolve("one"), false, options))
                .hasMessageContaining("it is a classifier, not the UNet of a base model");
        Path base = GuidedDiffusionFiles.write(temporary, "base");
        assertThatThrownBy(() ->
                        Conversion.of(base, temporary.resolve("two"), false, GuidedDiffusionFiles.cascade(base, false)))
                .hasMessageContaining("it is the UNet of a base model, not an upsampler");
        var bare = new GuidedDiffusionOptions(
                Optional.empty(),
                Optional.of(GuidedDiffusionFiles.write(temporary, "upsampler")),
                Optional.empty(),
                options.training(),
                GuidedDiffusionOptions.NONE.upsamplerTraining(),
                false);
        assertThatThrownBy(() -> Conversion.of(base, temporary.resolve("bare"), false, bare))
                .hasMessageContaining("--upsampler-num-heads or --upsampler-num-head-channels");
        var unused = new GuidedDiffusionOptions(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                options.training(),
                options.training().ofUpsampler(),
                false);
        assertThatThrownBy(() -> Conversion.of(base, temporary.resolve("three"), false, unused))
                .hasMessageContaining("but no --upsampler");
        Path word = ReferenceFile.path("pickles/word.pt");
        assertThatThrownBy(() -> Conversion.of(word, temporary.resolve("word.safetensors"), false, options))
                .hasMessageContaining("the options for guided diffusion");
    }

    @ParameterizedTest
    @CsvSource({
        "64_256_upsampler, 64x64_diffusion, 128x128_diffusion, makes 256 pixels of 64",
        "128_512_upsampler, 128x128_diffusion, 64x64_diffusion, makes 512 pixels of 128",
        "64x64_classifier, 64x64_diffusion, 256x256_diffusion, --image-size 64"
    })
    void whatWasTrainedForPicturesOfAnotherSizeIsRefused(String name, String fitting, String other, String why)
            throws IOException {
        GuidedDiffusionPart part = published(name);

        part.requireFits(published(fitting));

        GuidedDiffusionPart unfit = published(other);
        assertThatThrownBy(() -> part.requireFits(unfit))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(why);
    }

    private GuidedDiffusionPart published(String name) throws IOException {
        JsonNode json = published()
                .filter(one -> one.get("name").asText().equals(name))
                .findFirst()
                .orElseThrow();
        return part(json, GuidedDiffusionTraining.NONE);
    }

    private GuidedDiffusionPart part(JsonNode json, GuidedDiffusionTraining training) throws IOException {
        Map<String, SingleFiles.Entry> entries = new LinkedHashMap<>();
        json.get("shapes").properties().forEach(tensor -> {
            long[] shape = StreamSupport.stream(tensor.getValue().spliterator(), false)
                    .mapToLong(JsonNode::asLong)
                    .toArray();
            entries.put(tensor.getKey(), new SingleFiles.Entry(WeightType.F16, shape, new byte[0]));
        });
        Path file = SingleFiles.write(
                Files.createTempDirectory(temporary, "published").resolve("published.safetensors"), entries);
        return GuidedDiffusionPart.of(WeightFile.open(file), training).orElseThrow();
    }
}
