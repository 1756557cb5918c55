package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.HostTensor;
import dev.weir.engine.JsonFile;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.Tensors;
import dev.weir.engine.TextEncoder;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.tokenizer.Marks;
import dev.weir.engine.tokenizer.Tokenizer;
import dev.weir.engine.tokenizer.Tokens;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.Weights;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** A tiny random checkpoint with the inputs and outputs that PyTorch recorded for it. */
record Fixture(Path folder) {

    private static final Path CHECKPOINTS = Path.of("src/test/resources/reference/checkpoints");

    static Fixture of(String name) {
        return new Fixture(CHECKPOINTS.resolve(name));
    }

    JsonNode config(String component) {
        return JsonFile.read(folder.resolve(component).resolve("config.json"));
    }

    Weights weights(String component) {
        return ComponentWeights.open(folder.resolve(component));
    }

    private Weights io() {
        return SafetensorsFile.open(folder.resolve("io.safetensors"));
    }

    boolean has(String tensor) {
        return io().names().contains(tensor);
    }

    /** The sizes that a denoiser was recorded at, as {@code 8x12}. */
    List<String> sizes() {
        return io().names().stream()
                .filter(name -> name.endsWith("/sample"))
                .map(name -> name.split("/")[1])
                .sorted()
                .toList();
    }

    int[] shape(String tensor) {
        return Arrays.stream(io().info(tensor).shape())
                .mapToInt(Math::toIntExact)
                .toArray();
    }

    ByteBuffer bytes(String tensor) {
        return io().bytes(tensor);
    }

    float[] floats(String tensor) {
        var buffer = io().bytes(tensor).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        var values = new float[buffer.remaining()];
        buffer.get(values);
        return values;
    }

    /** Row {@code row} of a batch. */
    float[] row(String tensor, int row) {
        return row(floats(tensor), row, shape(tensor)[0]);
    }

    static float[] row(float[] batch, int row, int rows) {
        int size = batch.length / rows;
        return Arrays.copyOfRange(batch, row * size, (row + 1) * size);
    }

    long[] longs(String tensor) {
        var buffer = io().bytes(tensor).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer();
        var values = new long[buffer.remaining()];
        buffer.get(values);
        return values;
    }

    /** The text states of a denoiser's row, without their padding. */
    HostTensor context(int row) {
        int width = shape("unet/context")[2];
        int longest = shape("unet/context")[1];
        var mask = longs("unet/mask");
        int tokens =
                (int) Arrays.stream(mask, row * longest, (row + 1) * longest).sum();
        return HostTensor.of(Arrays.copyOf(row("unet/context", row), tokens * width), tokens, width);
    }

    /** The hidden states that an encoder gives for each prompt. */
    static List<float[]> states(TextEncoder encoder, List<String> prompts) {
        return encoder.states(prompts).stream()
                .map(states -> states.get(Tensors.ENCODER_HIDDEN_STATES).values())
                .toList();
    }

    /** The rows of a denoiser's forward. */
    List<Row> rows(String size) {
        var timesteps = floats("unet/timesteps");
        var labels = has("unet/class_labels") ? longs("unet/class_labels") : null;
        var rows = new ArrayList<Row>();
        for (int i = 0; i < timesteps.length; i++) {
            var inputs = Tensors.of(Tensors.ENCODER_HIDDEN_STATES, context(i));
            if (labels != null) {
                inputs = inputs.with(Tensors.CLASS_LABELS, HostTensor.number(labels[i]));
            }
            rows.add(new Row(row("unet/" + size + "/sample", i), timesteps[i], inputs));
        }
        return rows;
    }

    LatentShape latentShape(String size) {
        var shape = shape("unet/" + size + "/sample");
        return new LatentShape(shape[1], shape[2], shape[3]);
    }

    /** A tokenizer that knows the recorded prompts, by number. */
    Tokenizer recordedTokenizer() {
        return recordedTokenizer(77, prompt -> longs("text/" + prompt + "/ids"));
    }

    /** A tokenizer that knows some prompts as a whole, and no words. */
    static Tokenizer recordedTokenizer(int length, Function<String, long[]> ids) {
        return new Tokenizer() {
            @Override
            public Tokens encode(String prompt) {
                return new Tokens(ids.apply(prompt), "");
            }

            @Override
            public long[] words(String text) {
                throw new UnsupportedOperationException();
            }

            @Override
            public Marks marks() {
                throw new UnsupportedOperationException();
            }

            @Override
            public boolean endsWord(long id) {
                throw new UnsupportedOperationException();
            }

            @Override
            public int length() {
                return length;
            }

            @Override
            public void close() {}
        };
    }

    /** A network whose rows have no LoRAs. */
    static AdaptableNetwork adaptable(Executable network) {
        return new AdaptableNetwork("", network, layers -> {
            throw new UnsupportedOperationException();
        });
    }

    /** Holds the largest difference to a tolerance on the scale of what is expected. */
    static void assertClose(float[] actual, float[] expected, double tolerance) {
        ReferenceFile.requireClose(actual, expected, tolerance, "largest difference");
    }

    /** Holds the norm of the difference to a fraction of the norm of what is expected. */
    static void assertRelative(float[] actual, float[] expected, double fraction) {
        assertThat(actual).hasSameSizeAs(expected);
        assertThat(relative(actual, expected)).as("relative L2").isLessThanOrEqualTo(fraction);
    }

    static double relative(float[] actual, float[] expected) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += Math.pow(actual[i] - expected[i], 2);
            norm += Math.pow(expected[i], 2);
        }
        return Math.sqrt(difference / norm);
    }
}
