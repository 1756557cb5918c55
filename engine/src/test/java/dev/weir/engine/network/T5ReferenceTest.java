package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ModelException;
import dev.weir.engine.Prompt;
import dev.weir.engine.Tensors;
import dev.weir.engine.TextEncoder;
import dev.weir.engine.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** T5's encoder against what transformers recorded (tools/reference/t5.py). */
class T5ReferenceTest {

    private static final double TOLERANCE = 1e-4;
    private static final Path HOME = Path.of("src/test/resources/reference/t5");
    private static final int LENGTH = 24;

    @ParameterizedTest
    @CsvSource({"TORCH,gated", "TORCH,relu", "ONNX,gated", "ONNX,relu"})
    void statesAreTheReferences(Engine engine, String name) throws IOException {
        var fixture = new Fixture(HOME.resolve(name));
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        for (var output : List.of(ClipOutput.LAST, ClipOutput.MASKED, ClipOutput.MASKED_TRIMMED)) {
            try (var encoder = encoder(fixture, output, target)) {
                var prompts = prompts();
                var together = encoder.states(prompts);
                for (int i = 0; i < prompts.size(); i++) {
                    var recorded = "text/" + i + (output.masked() ? "/masked" : "/seen");
                    int width = fixture.shape(recorded)[2];
                    int own = output.trimmed() ? (int) fixture.longs("text/" + i + "/own")[0] : LENGTH;
                    var expected = Arrays.copyOf(fixture.floats(recorded), own * width);
                    var alone =
                            encoder.encode(List.of(Prompt.of(prompts.get(i)))).get(0);
                    Fixture.assertClose(values(together.get(i)), expected, TOLERANCE);
                    Fixture.assertClose(values(alone.states()), expected, TOLERANCE);
                }
            }
        }
    }

    @Test
    void distancesHaveTheBucketsOfPublishedModels() throws IOException {
        var config = (ObjectNode) new Fixture(HOME.resolve("gated")).config("").deepCopy();
        config.put("relative_attention_num_buckets", 32).put("relative_attention_max_distance", 128);
        var options = T5EncoderModel.Options.read(config);
        var recorded = new ObjectMapper()
                .readTree(HOME.resolve("buckets.json").toFile())
                .get(0);
        for (int i = 0; i < recorded.size(); i++) {
            assertThat(options.bucket(i - recorded.size() / 2))
                    .isEqualTo(recorded.get(i).asInt());
        }
    }

    @Test
    void bf16IsNear() throws IOException {
        var fixture = new Fixture(HOME.resolve("gated"));
        try (var encoder = encoder(fixture, ClipOutput.LAST, new ComputeTarget("cpu", Precision.BF16))) {
            Fixture.assertRelative(values(encoder.states(prompts()).get(0)), fixture.floats("text/0/seen"), 0.05);
        }
    }

    @ParameterizedTest
    @CsvSource({"feed_forward_proj,gated-silu", "relative_attention_num_buckets,6"})
    void whatIsNotSupportedIsNamed(String key, String value) {
        var fixture = new Fixture(HOME.resolve("gated"));
        ObjectNode config = fixture.config("").deepCopy();
        if (value.matches("\\d+")) {
            config.put(key, Integer.parseInt(value));
        } else {
            config.put(key, value);
        }
        assertThatThrownBy(() -> Networks.check(config, fixture.weights("")))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("T5EncoderModel: option " + key + " = ");
    }

    private static TextEncoder encoder(Fixture fixture, ClipOutput output, ComputeTarget target) {
        var tokenizer = Tokenizers.open(HOME.resolve("tokenizer"), "T5TokenizerFast", LENGTH, 1000);
        return Networks.textEncoder(fixture.config(""), fixture.weights(""), tokenizer, output, target);
    }

    private static float[] values(Tensors states) {
        return states.get(Tensors.ENCODER_HIDDEN_STATES).values();
    }

    private static List<String> prompts() throws IOException {
        var prompts = new ArrayList<String>();
        new ObjectMapper()
                .readTree(HOME.resolve("prompts.json").toFile())
                .forEach(prompt -> prompts.add(prompt.asText()));
        return prompts;
    }
}
