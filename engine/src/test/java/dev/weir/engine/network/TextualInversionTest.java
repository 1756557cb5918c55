package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.tokenizer.Tokenizers;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.SafetensorsWriter;
import dev.weir.engine.weights.TensorInfo;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A token that was added to the vocabulary, with a row of its own behind the embeddings. */
final class TextualInversionTest {

    private static final Path VOCABULARY = Path.of("src/test/resources/reference/checkpoints/sd1/tokenizer");
    private static final String EMBEDDING = "text_model.embeddings.token_embedding.weight";
    private static final int WORDS = 626;
    private static final int RED = 619;
    /** The first number of the third token. */
    private static final int TOKEN = 2 * 32;

    @TempDir
    Path folder;

    @Test
    void anAddedTokenIsReadThroughItsOwnEmbedding() throws IOException {
        for (String name : List.of("vocab.json", "merges.txt")) {
            Files.copy(VOCABULARY.resolve(name), folder.resolve(name));
        }
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<cat-toy>\": %d}".formatted(WORDS));
        Fixture fixture = Fixture.of("sd1");
        ObjectNode config = fixture.config("text_encoder").deepCopy();
        config.put("vocab_size", WORDS + 1);
        var target = new ComputeTarget("cpu", Precision.FP32);
        try (var encoder = Networks.textEncoder(
                config,
                extended(fixture.weights("text_encoder")),
                Tokenizers.open(folder, "CLIPTokenizer", 77, WORDS + 1),
                target)) {
            var states = Fixture.states(encoder, List.of("a <cat-toy> apple", "a red apple", "a blue apple"));
            Fixture.assertClose(states.get(0), states.get(1), 1e-6);
            assertThat(states.get(0)[TOKEN]).isNotCloseTo(states.get(2)[TOKEN], within(1e-2f));
        }
    }

    /** The weights with the row of the word "red" once more, behind all others. */
    private Weights extended(Weights weights) {
        var file = new SafetensorsWriter();
        for (String name : weights.names()) {
            TensorInfo info = weights.info(name);
            byte[] bytes = new byte[(int) info.length()];
            weights.bytes(name).get(bytes);
            long[] shape = info.shape();
            if (name.equals(EMBEDDING)) {
                int row = bytes.length / WORDS;
                bytes = Arrays.copyOf(bytes, bytes.length + row);
                System.arraycopy(bytes, RED * row, bytes, WORDS * row, row);
                shape = new long[] {WORDS + 1, shape[1]};
            }
            file.tensor(name, info.type(), bytes, shape);
        }
        file.write(folder.resolve("model.safetensors"));
        return ComponentWeights.open(folder);
    }
}
