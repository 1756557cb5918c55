package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.SafetensorsWriter;
import dev.weir.engine.weights.TensorInfo;
import dev.weir.engine.weights.WeightType;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Malformed and foreign weights: each part says the same on every engine, in one message that names the file. */
class DamagedWeightsTest {

    private static final List<String> PARTS = List.of("text_encoder", "unet", "vae");

    @TempDir
    Path temporary;

    private enum Damage {
        MISSING("%s is missing"),
        SHAPE("%s is [1, "),
        TYPE("%s is I64 in "),
        TRUNCATED(".safetensors");

        private final String message;

        Damage(String message) {
            this.message = message;
        }
    }

    @ParameterizedTest
    @CsvSource({"MISSING", "SHAPE", "TYPE", "TRUNCATED"})
    void bothEnginesSayTheSame(Damage damage) throws IOException {
        for (String part : PARTS) {
            Path model = TestModels.copy("sd1", Files.createDirectories(temporary.resolve(part)));
            String tensor = damage(model.resolve(part), damage);
            List<String> messages = Stream.of(Engine.values())
                    .map(engine -> message(model, part, engine))
                    .toList();
            assertThat(messages.get(0))
                    .startsWith(model.toString())
                    .contains(damage.message.formatted(tensor))
                    .doesNotContain("Exception")
                    .hasLineCount(1);
            assertThat(messages).as(part).containsOnly(messages.get(0));
        }
    }

    private static String message(Path model, String part, Engine engine) {
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        Throwable problem = catchThrowable(() -> {
            ModelFolder folder = ModelFolder.open(model);
            switch (part) {
                case "text_encoder" -> folder.textEncoder(target).close();
                case "unet" -> folder.denoiser(target).close();
                default -> folder.imageCodec(target).close();
            }
        });
        assertThat(problem).as(part + " on " + engine).isInstanceOf(ModelException.class);
        return problem.getMessage();
    }

    /** Damages the first weight of the part, and gives its name. */
    private static String damage(Path part, Damage damage) throws IOException {
        Path file;
        try (Stream<Path> files = Files.list(part)) {
            file = files.filter(path -> path.toString().endsWith(".safetensors"))
                    .findFirst()
                    .orElseThrow();
        }
        Weights weights = ComponentWeights.open(part);
        String damaged = weights.names().stream().sorted().findFirst().orElseThrow();
        rewritten(weights, damaged, damage).write(file);
        if (damage == Damage.TRUNCATED) {
            byte[] whole = Files.readAllBytes(file);
            Files.write(file, Arrays.copyOf(whole, whole.length - 100));
        }
        return damaged;
    }

    private static SafetensorsWriter rewritten(Weights weights, String damaged, Damage damage) {
        var writer = new SafetensorsWriter();
        for (String name : weights.names()) {
            TensorInfo info = weights.info(name);
            ByteBuffer data = weights.bytes(name);
            byte[] bytes = new byte[data.remaining()];
            data.get(bytes);
            boolean isDamaged = name.equals(damaged);
            if (isDamaged && damage == Damage.TYPE) {
                long numbers = Arrays.stream(info.shape()).reduce(1, (a, b) -> a * b);
                writer.tensor(name, WeightType.I64, new byte[Math.toIntExact(8 * numbers)], info.shape());
            } else if (isDamaged && damage == Damage.SHAPE) {
                long[] shape = new long[info.shape().length + 1];
                shape[0] = 1;
                System.arraycopy(info.shape(), 0, shape, 1, info.shape().length);
                writer.tensor(name, info.type(), bytes, shape);
            } else if (!(isDamaged && damage == Damage.MISSING)) {
                writer.tensor(name, info.type(), bytes, info.shape());
            }
        }
        return writer;
    }
}
