package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Whatever number an option of a network has: it is read, or refused by its name. */
class OddOptionsTest {

    private static final Path HOME = Path.of("src/test/resources/reference");
    private static final ObjectMapper JSON = new ObjectMapper();

    /** One configuration of each class. */
    private static Map<String, JsonNode> configurations() throws IOException {
        Map<String, JsonNode> all = new TreeMap<>();
        try (Stream<Path> files = Files.walk(HOME)) {
            for (Path file :
                    files.filter(each -> each.endsWith("config.json")).sorted().toList()) {
                JsonNode json = JSON.readTree(file.toFile());
                if (json.has("_class_name") || json.has("architectures")) {
                    all.putIfAbsent(NetworkType.className(json), json);
                }
            }
        }
        all.keySet().retainAll(NetworkType.names(Network.class));
        return all;
    }

    @Test
    void aNumberThatMakesNoNetworkIsRefusedByItsName() throws IOException {
        List<String> wrong = new ArrayList<>();
        Map<String, JsonNode> all = configurations();
        assertThat(all).hasSizeGreaterThan(20);
        for (JsonNode json : all.values()) {
            json.fieldNames().forEachRemaining(key -> {
                if (json.get(key).isInt()) {
                    for (int value : new int[] {0, 1, 7}) {
                        problem(json, key, value).ifPresent(wrong::add);
                    }
                }
            });
        }
        assertThat(wrong).as(String.join("\n", wrong)).isEmpty();
    }

    private static Optional<String> problem(JsonNode json, String key, int value) {
        ObjectNode changed = json.deepCopy();
        changed.put(key, value);
        String what = "%s: %s = %d: ".formatted(NetworkType.className(json), key, value);
        try {
            Networks.describe(changed);
            return Optional.empty();
        } catch (ModelException e) {
            return e.getMessage().contains(key) ? Optional.empty() : Optional.of(what + e.getMessage());
        } catch (RuntimeException e) {
            return Optional.of(what + e + " at " + e.getStackTrace()[0] + e.getStackTrace()[1]);
        }
    }
}
