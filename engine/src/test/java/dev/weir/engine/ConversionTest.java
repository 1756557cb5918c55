package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.SingleFiles.Entry;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is converted has the same tensors, and a model that runs from it is the same model. */
class ConversionTest {

    private static final String UNET = "diffusion_pytorch_model";

    @TempDir
    Path temporary;

    @ParameterizedTest
    @CsvSource({"sd1, checkpoints/sd1", "sd2, checkpoints/sd2", "sdxl, sdxl_refiner"})
    void aCheckpointBecomesTheFolderThatItWasMadeOf(String name, String folder) throws IOException {
        Map<String, Entry> tensors = SingleFiles.tiny(name);
        Path checkpoint = TorchFiles.write(temporary.resolve("old.ckpt"), tensors, "state_dict");
        SingleFiles.settings(checkpoint, folder, ", \"id\": \"own\"");
        Path safetensors = SingleFiles.write(temporary.resolve("old.safetensors"), tensors);
        Path out = temporary.resolve("new");

        convert(checkpoint, out);
        convert(safetensors, temporary.resolve("other"));

        ModelFolder converted = ModelFolder.open(out);
        ModelFolder original = ModelFolder.open(safetensors);
        assertThat(converted.card()).isEqualTo(original.card());
        assertThat(converted.fingerprints()).isEqualTo(original.fingerprints());
        assertThat(ModelFolder.open(temporary.resolve("other")).fingerprints()).isEqualTo(original.fingerprints());
        for (String part : List.of("unet", "vae", "text_encoder")) {
            requireSame(
                    ComponentWeights.open(out.resolve(part)),
                    PipelineIndex.read(ModelSources.open(safetensors)).weights(part));
        }
        assertThat(out.resolve("tokenizer/vocab.json")).exists();
    }

    @Test
    void aPickledFolderBecomesTheFolderThatItWasMadeOf() throws IOException {
        Path original = TestModels.copy("sd1", temporary);
        Map<String, String> expected = fingerprints(original);
        Path in = TestModels.copy(original, temporary.resolve("pickled"));
        pickle(in.resolve("text_encoder/model.safetensors"), in.resolve("text_encoder/pytorch_model.bin"));
        pickle(in.resolve("vae/" + UNET + ".safetensors"), in.resolve("vae/" + UNET + ".bin"));
        shard(in.resolve("unet"));
        Files.createDirectory(in.resolve("safety"));
        Files.write(in.resolve("safety/model.onnx"), new byte[3]);

        Path out = temporary.resolve("new");
        convert(in, out);

        assertThat(fingerprints(out)).isEqualTo(expected);
        assertThat(out.resolve("unet/" + UNET + ".safetensors.index.json")).exists();
        try (Stream<Path> all = Files.walk(out)) {
            assertThat(all.map(Path::toString)).noneMatch(file -> file.matches(".*\\.(bin|onnx|part)"));
        }
    }

    @Test
    void weightsThatAreThereInBothFormsAreCopied() throws IOException {
        Path in = TestModels.copy("sd1", temporary);
        Map<String, String> expected = fingerprints(in);
        Path unet = in.resolve("unet/" + UNET + ".safetensors");
        TorchFiles.write(in.resolve("unet/" + UNET + ".bin"), Map.of(), "");
        Files.writeString(in.resolve("unet/" + UNET + ".bin.index.json"), "{}");
        Files.copy(in.resolve("unet/config.json"), in.resolve("unet/" + UNET + ".safetensors.index.json"));
        pickle(in.resolve("vae/" + UNET + ".safetensors"), in.resolve("vae/" + UNET + ".bin"));

        Path out = temporary.resolve("new");
        convert(in, out);

        assertThat(fingerprints(out)).isEqualTo(expected);
        assertThat(out.resolve("unet/" + UNET + ".safetensors")).hasSameBinaryContentAs(unet);
        assertThat(out.resolve("unet/" + UNET + ".safetensors.index.json"))
                .hasSameTextualContentAs(in.resolve("unet/config.json"));
    }

    @Test
    void aPartBecomesOneFile() throws IOException {
        Path word = ReferenceFile.path("pickles/word.pt");
        Path out = temporary.resolve("word.safetensors");

        Conversion conversion = Conversion.of(word, out, false);
        conversion.write(bytes -> {});

        assertThat(conversion.about()).contains("a textual inversion", "1 tensor,", "word.safetensors");
        SafetensorsFile expected = SafetensorsFile.open(ReferenceFile.path("pickles/expected.safetensors"));
        SafetensorsFile converted = SafetensorsFile.open(out);
        assertThat(converted.bytes("emb_params")).isEqualTo(expected.bytes("word.pt/emb_params"));
        refused(word, out, false, "it exists already", "--overwrite");
        Conversion.of(ReferenceFile.path("pickles/word.bin"), out, true).write(bytes -> {});
        assertThat(SafetensorsFile.open(out).names()).containsExactly("<word>");
    }

    @Test
    void whatACheckpointSaysOfItsTrainingIsKept() {
        Path out = temporary.resolve("base.safetensors");
        convert(ReferenceFile.path("pickles/lightning.ckpt"), out);

        assertThat(SafetensorsFile.open(out).metadata()).containsEntry("global_step", "875000");
    }

    @Test
    void whatCannotBeConvertedIsRefusedBeforeAnythingIsWritten() throws IOException {
        Path part = ReferenceFile.path("pickles/plain.pth");
        Path folder = Files.createDirectory(temporary.resolve("folder"));
        Path evil = ReferenceFile.path("pickles/evil.pt");

        refused(part, temporary.resolve("new"), false, "no whole model", ".safetensors");
        refused(part, folder, true, "it exists already", "new folder");
        refused(part, part, true, "the same file");
        refused(
                part,
                temporary.resolve("none/x.safetensors"),
                false,
                "there is no folder %s: create it first".formatted(temporary.resolve("none")));
        refused(temporary.resolve("none"), temporary.resolve("new"), false, "no such file");
        refused(folder, temporary.resolve("new"), false, "no pickled weights");
        refused(folder, folder.resolve("new"), false, "outside of it");
        Path pointer = Files.writeString(folder.resolve("pointer.bin"), "version https://git-lfs.github.com/spec/v1\n");
        Path empty = Files.createFile(folder.resolve("empty.pt"));

        refused(pointer, temporary.resolve("x.safetensors"), false, "git-lfs pointer");
        refused(empty, temporary.resolve("x.safetensors"), false, "it is empty");
        refused(evil, temporary.resolve("x.safetensors"), false, ".system");
        try (Stream<Path> left = Files.list(temporary)) {
            assertThat(left).containsExactly(folder);
        }
    }

    @Test
    void nothingIsLeftOfAConversionThatFails() throws IOException {
        Path in = TestModels.copy("sd1", temporary);
        pickle(in.resolve("vae/" + UNET + ".safetensors"), in.resolve("vae/" + UNET + ".bin"));
        Path out = temporary.resolve("new");
        Conversion conversion = Conversion.of(in, out, false);
        Files.write(in.resolve("vae/" + UNET + ".bin"), new byte[10]);

        assertThatThrownBy(() -> conversion.write(bytes -> {})).isInstanceOf(ModelException.class);
        assertThat(out).doesNotExist();
        assertThat(temporary.resolve("new.part")).doesNotExist();
    }

    private static void convert(Path in, Path out) {
        Conversion conversion = Conversion.of(in, out, false);
        long[] written = new long[1];
        conversion.write(bytes -> written[0] += bytes);
        assertThat(written[0]).isEqualTo(conversion.bytes()).isPositive();
    }

    private static void refused(Path in, Path out, boolean overwrites, String... reasons) {
        assertThatThrownBy(() -> Conversion.of(in, out, overwrites))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll(reasons);
    }

    private static void requireSame(Weights ours, Weights theirs) {
        assertThat(ours.names()).isEqualTo(theirs.names());
        for (String name : theirs.names()) {
            assertThat(ours.info(name).shape()).isEqualTo(theirs.info(name).shape());
            assertThat(ours.bytes(name)).as(name).isEqualTo(theirs.bytes(name));
        }
    }

    private static Map<String, String> fingerprints(Path folder) {
        return ModelFolder.open(folder).fingerprints();
    }

    private static void pickle(Path file, Path to) throws IOException {
        TorchFiles.write(to, entries(file), "");
        Files.delete(file);
    }

    private static Map<String, Entry> entries(Path file) {
        SafetensorsFile tensors = SafetensorsFile.open(file);
        Map<String, Entry> entries = new LinkedHashMap<>();
        for (String name : tensors.names()) {
            byte[] bytes = new byte[(int) tensors.info(name).length()];
            tensors.bytes(name).get(bytes);
            entries.put(
                    name,
                    new Entry(tensors.info(name).type(), tensors.info(name).shape(), bytes));
        }
        return entries;
    }

    /** As transformers and diffusers write weights that are too large for one file. */
    private static void shard(Path unet) throws IOException {
        Path file = unet.resolve(UNET + ".safetensors");
        Map<String, Entry> first = new LinkedHashMap<>();
        Map<String, Entry> second = new LinkedHashMap<>();
        StringBuilder index = new StringBuilder("{\"metadata\": {\"total_size\": 1}, \"weight_map\": {");
        entries(file).forEach((name, entry) -> {
            boolean isFirst = first.size() <= second.size();
            (isFirst ? first : second).put(name, entry);
            index.append(index.toString().endsWith("{") ? "" : ", ")
                    .append("\"%s\": \"%s-0000%d-of-00002.bin\"".formatted(name, UNET, isFirst ? 1 : 2));
        });
        TorchFiles.write(unet.resolve(UNET + "-00001-of-00002.bin"), first, "");
        TorchFiles.write(unet.resolve(UNET + "-00002-of-00002.bin"), second, "");
        Files.writeString(
                unet.resolve(UNET + ".bin.index.json"), index.append("}}").toString());
        Files.delete(file);
    }
}
