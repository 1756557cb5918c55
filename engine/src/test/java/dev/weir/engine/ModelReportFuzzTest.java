package dev.weir.engine;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Configurations from strangers: whatever a key says, a report tells it and a folder is refused or opened, soon. */
class ModelReportFuzzTest {

    private static final int ROUNDS = 60;
    private static final Duration LONGEST = Duration.ofSeconds(30);

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "false",
            "0",
            "-1",
            "1",
            "3",
            "7",
            "2147483647",
            "1e99",
            "0.5",
            "\"\"",
            "\"x\"",
            "[]",
            "{}",
            "[null]",
            "[0]",
            "[-1, 2]",
            "[1, 2, 3, 4, 5, 6, 7, 8, 9]",
            "[\"x\", \"y\"]",
            "[[1], [2]]",
            "{\"a\": 1}");

    @TempDir
    Path temporary;

    @ParameterizedTest
    @CsvSource({
        "sd1, model_index.json",
        "sd1, unet/config.json",
        "sd2, unet/config.json",
        "sd2, vae/config.json",
        "sd1, text_encoder/config.json",
        "default, text_encoder/config.json",
        "default, upsampler/unet/config.json",
        "sd1, scheduler/scheduler_config.json",
        "sd1, tokenizer/tokenizer_config.json",
    })
    void anyValueOfAnyKeyIsReadOrTold(String checkpoint, String name) throws IOException {
        Path model = TestModels.copy(checkpoint, temporary);
        Path file = model.resolve(name);
        ObjectNode original = (ObjectNode) JSON.readTree(file.toFile());
        List<String> keys = new ArrayList<>();
        original.fieldNames().forEachRemaining(keys::add);
        Random random = new Random(name.hashCode());
        for (int round = 0; round < keys.size() + ROUNDS; round++) {
            // First the largest number everywhere, then anything anywhere.
            String key = keys.get(round < keys.size() ? round : random.nextInt(keys.size()));
            String value = round < keys.size() ? "2147483647" : VALUES.get(random.nextInt(VALUES.size()));
            ObjectNode changed = original.deepCopy();
            changed.set(key, JSON.readTree(value));
            Files.writeString(file, changed.toString());
            assertTimeoutPreemptively(
                    LONGEST, () -> ModelReport.inspect(model), () -> "%s: %s = %s".formatted(name, key, value));
        }
    }
}
