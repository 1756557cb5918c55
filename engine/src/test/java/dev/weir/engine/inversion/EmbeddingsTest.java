package dev.weir.engine.inversion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.AddOns;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.Prompt;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.Tensors;
import dev.weir.engine.TextEncoder;
import dev.weir.engine.adapter.IpAdapterFolders;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.LoraFolders;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.engine.prompt.PromptSyntax;
import dev.weir.engine.weights.SafetensorsWriter;
import dev.weir.engine.weights.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Textual inversions as diffusers' load_textual_inversion reads them, and files that are none. */
final class EmbeddingsTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("words/embedded.safetensors");
    private static final Path FILES = ReferenceFile.path("words/embeddings");
    private static final String TOLD = "a <Cat-toy> and an apple in the several style, <Cat-toy>";

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(Engine.class)
    void statesAreTheReferences(Engine engine) {
        ModelFolder model = model("checkpoints/sd1");
        assertThat(model.embeddings().byName()).containsOnlyKeys("sd1-toy", "several");
        assertThat(model.embeddings().byName().get("sd1-toy").token()).isEqualTo("<Cat-toy>");
        assertThat(model.embeddings().byName().get("several").token()).isEqualTo("several");
        try (TextEncoder encoder = model.textEncoder(new ComputeTarget("cpu", Precision.FP32, engine))) {
            requireClose(states(encoder, Prompt.of(TOLD)), TENSORS.floats("sd1"));
        }
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void bothTextEncodersOfSdxlReadTheWord(Engine engine) {
        ModelFolder model = model("sdxl");
        assertThat(model.embeddings().byName()).containsOnlyKeys("xl");
        Prompt prompt = Prompt.of("a red apple, xl, on a hill");
        try (TextEncoder encoder = model.textEncoder(new ComputeTarget("cpu", Precision.FP32, engine))) {
            var own = encoder.encode(List.of(prompt)).get(0).states();
            requireClose(own.get(Tensors.ENCODER_HIDDEN_STATES).values(), TENSORS.floats("sdxl"));
            requireClose(own.get("text_embeds").values(), TENSORS.floats("sdxl_pooled"));
        }
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void anOpenTextEncoderReadsTheWordsThatComeAndThoseThatGoNoMore(Engine engine) {
        ModelFolder model = model("checkpoints/sd1");
        var embeddings = model.embeddings().byName();
        try (TextEncoder encoder = model.textEncoder(new ComputeTarget("cpu", Precision.FP32, engine), Map.of())) {
            float[] unread = states(encoder, Prompt.of(TOLD));
            Runnable all = encoder.prepareWords(embeddings.values());
            requireClose(states(encoder, Prompt.of(TOLD)), unread);

            all.run();
            requireClose(states(encoder, Prompt.of(TOLD)), TENSORS.floats("sd1"));
            encoder.prepareWords(List.of(embeddings.get("sd1-toy"))).run();
            assertThat(states(encoder, Prompt.of(TOLD))).isNotEqualTo(TENSORS.floats("sd1"));
            encoder.prepareWords(List.of()).run();
            requireClose(states(encoder, Prompt.of(TOLD)), unread);
        }
    }

    /** With a weight of zero it changes nothing, but the prompt runs through the network that LoRAs may change. */
    @ParameterizedTest
    @EnumSource(Engine.class)
    void aPromptMayHaveLorasAndWordsOfEmbeddings(Engine engine) {
        var addOns = new AddOns(
                LoraFolders.open(List.of(ReferenceFile.path("lora"))),
                ControlNetFolders.NONE,
                EmbeddingFolders.open(List.of(FILES)),
                IpAdapterFolders.NONE);
        ModelFolder model = ModelFolder.open(
                ReferenceFile.path("checkpoints/sd1"), Optional.empty(), List.of(), Optional.empty(), addOns);
        Lora lora = model.loras().byName().get("peft");
        assertThat(lora.changes("text_encoder")).isTrue();
        try (TextEncoder encoder = model.textEncoder(new ComputeTarget("cpu", Precision.FP32, engine))) {
            requireClose(
                    states(encoder, Prompt.of(TOLD).with(List.of(new WeightedLora(lora, 0)))), TENSORS.floats("sd1"));
            assertThat(states(encoder, Prompt.of(TOLD).with(List.of(new WeightedLora(lora, 1)))))
                    .isNotEqualTo(TENSORS.floats("sd1"));
        }
    }

    /** The same ids, whichever way the word is written. */
    @Test
    void eachSyntaxHasItsOwnWayToNameAWord() {
        try (TextEncoder encoder =
                model("checkpoints/sd1").textEncoder(new ComputeTarget("cpu", Precision.FP32, Engine.ONNX))) {
            float[] plain = states(encoder, Prompt.of("a several apple, of several"));
            requireClose(states(encoder, in("a Several apple, of several", PromptSyntax.A1111)), plain);
            requireClose(
                    states(encoder, in("a embedding:several apple, of embedding:several.pt", PromptSyntax.COMFYUI)),
                    plain);
            requireClose(states(encoder, in("a several apple, of several", PromptSyntax.COMPEL)), plain);
            requireClose(
                    states(encoder, in("embedding:several, a hill", PromptSyntax.COMFYUI)),
                    states(encoder, Prompt.of("several, a hill")));
            assertThat(states(encoder, in("a several apple, of several", PromptSyntax.COMFYUI)))
                    .isNotEqualTo(plain);
            assertThatThrownBy(() -> encoder.size(in("embedding:sevral apple", PromptSyntax.COMFYUI)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("\"sevral\"");
        }
    }

    /** 74 words, then three vectors that do not fit any more. */
    @Test
    void theVectorsOfAWordStayInOneChunk() {
        try (TextEncoder encoder =
                model("checkpoints/sd1").textEncoder(new ComputeTarget("cpu", Precision.FP32, Engine.ONNX))) {
            String words = "apple ".repeat(74);
            requireClose(
                    states(encoder, in(words + "several", PromptSyntax.A1111)),
                    states(encoder, in(words + "BREAK several", PromptSyntax.A1111)));
            requireClose(
                    states(encoder, in(words + "embedding:several", PromptSyntax.COMFYUI)),
                    states(encoder, in(words + "BREAK several", PromptSyntax.A1111)));
        }
    }

    @Test
    void aTextWithoutAnEmbeddingIsReadAsBefore() {
        var target = new ComputeTarget("cpu", Precision.FP32, Engine.ONNX);
        Prompt prompt = Prompt.of("a red apple");
        try (TextEncoder with = model("checkpoints/sd1").textEncoder(target);
                TextEncoder without =
                        ModelFolder.open(ReferenceFile.path("checkpoints/sd1")).textEncoder(target)) {
            requireClose(states(with, prompt), states(without, prompt));
        }
        ModelFolder model = model("checkpoints/sd1");
        assertThat(model.textEncoderFingerprint(model.embeddings().byName()))
                .isNotEqualTo(model.textEncoderFingerprint(Map.of()));
    }

    /** It is part of the key of each prompt's states. */
    @Test
    void theFingerprintOfManyEmbeddingsIsShortAndDependsOnTheirNames() {
        ModelFolder model = model("checkpoints/sd1");
        Embedding word = model.embeddings().byName().values().iterator().next();
        String none = model.textEncoderFingerprint(Map.of());
        Map<String, Embedding> many = new TreeMap<>();
        for (int i = 0; i < 100; i++) {
            many.put("word" + i, word);
        }

        assertThat(model.textEncoderFingerprint(many))
                .hasSameSizeAs(model.textEncoderFingerprint(Map.of("word", word)))
                .startsWith(none);
        assertThat(model.textEncoderFingerprint(Map.of("word", word)))
                .isNotEqualTo(model.textEncoderFingerprint(Map.of("sentence", word)));
    }

    @Test
    void filesThatDoNotFitAreRefusedByName() throws IOException {
        refused(Map.of("a", 32, "b", 32), "2 tensors, such as a, b");
        refused(Map.of("emb_params", 31), "the widths [31], and the model's have [32]");
        refused(Map.of("clip_l", 32, "clip_g", 32), "the widths [32, 32], and the model's have [32]");
        Path file = folder.resolve("broken.safetensors");
        Files.write(file, new byte[] {1, 2, 3});
        assertThatThrownBy(() -> EmbeddingFile.read(file, "broken", Map.of("text_encoder", 32)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("broken.safetensors");
        Files.write(folder.resolve("old.pt"), new byte[3]);
        assertThat(EmbeddingFolders.open(List.of(folder))
                        .of("m", Map.of("text_encoder", 32))
                        .byName())
                .isEmpty();
    }

    private void refused(Map<String, Integer> tensors, String message) {
        Path file = folder.resolve("made.safetensors");
        var writer = new SafetensorsWriter();
        tensors.forEach((name, width) -> writer.tensor(name, WeightType.F32, new byte[4 * width], 1, width));
        writer.write(file);
        assertThatThrownBy(() -> EmbeddingFile.read(file, "made", new LinkedHashMap<>(Map.of("text_encoder", 32))))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("made.safetensors")
                .hasMessageContaining(message);
    }

    private static ModelFolder model(String name) {
        return ModelFolder.open(
                ReferenceFile.path(name),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                AddOns.of(EmbeddingFolders.open(List.of(FILES))));
    }

    private static Prompt in(String text, PromptSyntax syntax) {
        return Prompt.of(text).in(syntax);
    }

    private static float[] states(TextEncoder encoder, Prompt prompt) {
        return encoder.encode(List.of(prompt))
                .get(0)
                .states()
                .get(Tensors.ENCODER_HIDDEN_STATES)
                .values();
    }

    private static void requireClose(float[] ours, float[] theirs) {
        ReferenceFile.requireClose(ours, theirs, "states");
        assertThat(Arrays.equals(ours, new float[ours.length])).isFalse();
    }
}
