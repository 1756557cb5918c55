package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.engine.network.Networks;
import dev.weir.engine.tokenizer.Tokenizer;
import dev.weir.engine.tokenizer.Tokenizers;
import dev.weir.engine.tokenizer.Tokens;
import dev.weir.engine.weights.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What GLIDE's files become, what is refused of them, and how their tokenizer reads. */
class GlideConversionTest {

    @TempDir
    Path temporary;

    @Test
    void theTokenizerReadsAsTheReferenceDoes() throws IOException {
        Path folder = Files.createDirectory(temporary.resolve("tokenizer"));
        for (String file : new String[] {"vocab.json", "merges.txt"}) {
            Files.copy(GlideFiles.vocabulary().resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"do_lower_case\": true}");
        int words = JsonFile.read(folder.resolve("vocab.json")).size();
        try (Tokenizer tokenizer = Tokenizers.open(folder, "GPT2Tokenizer", 20, words)) {
            for (JsonNode one : ReferenceCases.of("glide/strings.json").toList()) {
                long[] ids = StreamSupport.stream(one.get("ids").spliterator(), false)
                        .mapToLong(JsonNode::asLong)
                        .toArray();
                String text = one.get("text").asText();
                assertThat(tokenizer.words(text)).as(text).containsExactly(ids);
                Tokens read = tokenizer.encode(text);
                long[] padded = Arrays.copyOf(ids, 20);
                if (ids.length < 20) {
                    Arrays.fill(padded, ids.length, 20, words - 1);
                }
                assertThat(read.ids()).as(text).containsExactly(padded);
                assertThat(read.own()).as(text).isEqualTo(Math.min(20, ids.length));
                assertThat(read.cut().isEmpty()).as(text).isEqualTo(ids.length <= 20);
            }
        }
    }

    @Test
    void aFolderHasBothStages() {
        ModelFolder model = GlideFiles.model(temporary);
        assertThat(model.pipeline().workflows()).singleElement().satisfies(workflow -> {
            assertThat(workflow.sizes().min()).isEqualTo(16);
            assertThat(workflow.sizes().max()).isEqualTo(16);
            assertThat(workflow.stages()).extracting(stage -> stage.reduction()).containsExactly(1, 2, 1, 1);
        });
        assertThat(model.pipeline().diffusing().get(1).ownSteps()).isEqualTo(27);
        assertThat(model.card().defaults().steps()).isEqualTo(100);
        assertThat(model.card().defaults().guidanceScale()).isEqualTo(3);
    }

    @Test
    void theBaseAloneIsAModelToo() throws IOException {
        Path packed = Files.createDirectory(temporary.resolve("packed"));
        pack("vocab.json", packed.resolve("encoder.json.gz"));
        pack("merges.txt", packed.resolve("vocab.bpe.gz"));
        GuidedDiffusionOptions given = GlideFiles.options(Optional.empty());
        var options = new GuidedDiffusionOptions(
                Optional.empty(),
                Optional.empty(),
                Optional.of(packed),
                given.training(),
                given.upsamplerTraining(),
                false);
        Path out = temporary.resolve("alone");
        Conversion conversion = Conversion.of(GlideFiles.write(temporary, "base"), out, false, options);
        assertThat(conversion.about()).isEqualTo("GLIDE of 8 pixels, as the folder alone");
        conversion.write(bytes -> {});
        ModelFolder model = ModelFolder.open(out);
        assertThat(model.pipeline().diffusing()).hasSize(1);
        assertThat(model.pipeline().workflows().get(0).sizes().usual()).isEqualTo(8);
    }

    @Test
    void thePublishedFilesNeedNoSizes() throws IOException {
        try (var in = new GZIPInputStream(Files.newInputStream(ReferenceFile.path("glide/published.json.gz")))) {
            for (JsonNode json : new ObjectMapper().readTree(in)) {
                Map<String, SingleFiles.Entry> entries = new LinkedHashMap<>();
                json.get("shapes").properties().forEach(tensor -> {
                    long[] shape = StreamSupport.stream(tensor.getValue().spliterator(), false)
                            .mapToLong(JsonNode::asLong)
                            .toArray();
                    entries.put(tensor.getKey(), new SingleFiles.Entry(WeightType.F16, shape, new byte[0]));
                });
                Path file = SingleFiles.write(temporary.resolve("published.safetensors"), entries);
                GlidePart part = GlidePart.of(WeightFile.open(file), GuidedDiffusionTraining.NONE)
                        .orElseThrow();
                assertThat(part.side()).isEqualTo(json.get("side").asInt());
                assertThat(part.enlarges()).isEqualTo(json.get("name").asText().equals("upsample"));
                Networks.check(part.config(), part.unet());
                Networks.check(part.textConfig(), part.text());
            }
        }
    }

    private static void pack(String name, Path to) throws IOException {
        try (var out = new GZIPOutputStream(Files.newOutputStream(to))) {
            Files.copy(GlideFiles.vocabulary().resolve(name), out);
        }
    }

    @Test
    void whatDoesNotFitIsRefusedByName() throws IOException {
        Path base = GlideFiles.write(temporary, "base");
        Path upsampler = GlideFiles.write(temporary, "upsampler");
        GuidedDiffusionOptions fitting = GlideFiles.options(Optional.of(upsampler));
        refused(upsampler, fitting, "it is GLIDE's upsampler, not its base model");
        refused(base, GlideFiles.options(Optional.of(base)), "it is GLIDE's base model, not its upsampler");
        refused(base, with(fitting, Optional.empty(), false), "--vocabulary");
        refused(base, with(fitting, Optional.of(temporary), false), "there is none of [encoder.json.gz");
        refused(base, with(fitting, fitting.vocabulary(), true), "no --classifier and no --ddim");
        Path other = Files.createDirectory(temporary.resolve("other"));
        Files.writeString(other.resolve("vocab.json"), "{\"a\": 0, \"<|endoftext|>\": 1}");
        refused(base, with(fitting, Optional.of(other), false), "it has 2 tokens");
        Path adm = GuidedDiffusionFiles.write(Files.createDirectory(temporary.resolve("adm")), "upsampler");
        refused(base, GlideFiles.options(Optional.of(adm)), "it is no file of GLIDE");
        var heads = new GuidedDiffusionTraining(
                "", Optional.empty(), OptionalInt.of(2), OptionalInt.empty(), false, OptionalInt.of(8));
        refused(
                base,
                new GuidedDiffusionOptions(
                        Optional.empty(),
                        Optional.of(upsampler),
                        fitting.vocabulary(),
                        heads,
                        fitting.upsamplerTraining(),
                        false),
                "give only --image-size");
    }

    private static GuidedDiffusionOptions with(GuidedDiffusionOptions other, Optional<Path> vocabulary, boolean ddim) {
        return new GuidedDiffusionOptions(
                other.classifier(), other.upsampler(), vocabulary, other.training(), other.upsamplerTraining(), ddim);
    }

    private void refused(Path file, GuidedDiffusionOptions options, String why) {
        assertThatThrownBy(() -> Conversion.of(file, temporary.resolve("no"), false, options))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(why);
    }
}
