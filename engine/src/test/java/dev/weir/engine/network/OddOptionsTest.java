package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever number an option of a network has: it is read, or refused by its name. */
class OddOptionsTest {

    private static final Path HOME = Path.of("src/test/resources/reference");
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Lists of numbers that are not sizes: a level has no such block, or no attention. */
    private static final Set<String> OF_ZEROS = Set.of(
            "axes_lens",
            "dual_attention_layers",
            "mean",
            "nhead",
            "num_attention_heads",
            "num_decoder_blocks",
            "num_encoder_blocks");

    private static final Set<String> NOT_READ =
            Set.of("AsymmetricAutoencoderKL.block_out_channels", "AutoencoderTiny.block_out_channels");
    private static final Pattern NAMED = Pattern.compile(": option (\\w+)\\S* = ");

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
                for (JsonNode value : odd(json.get(key))) {
                    problem(json, key, value).ifPresent(wrong::add);
                }
            });
        }
        assertThat(wrong).as(String.join("\n", wrong)).isEmpty();
    }

    /** A network without such layers or padding, and a vocabulary's first token, are published ones. */
    @ParameterizedTest
    @CsvSource({
        "AutoencoderKL, layers_per_block",
        "VQModel, layers_per_block",
        "UNet2DModel, downsample_padding",
        "CLIPTextModel, eos_token_id"
    })
    void aZeroThatMakesANetworkIsTaken(String network, String key) throws IOException {
        ObjectNode json = configurations().get(network).deepCopy();

        assertThatCode(() -> Networks.describe(json.put(key, 0))).doesNotThrowAnyException();
    }

    /** Other numbers in its place; of a list, in that of each element. */
    private static List<JsonNode> odd(JsonNode value) {
        List<JsonNode> others = new ArrayList<>();
        for (int number : new int[] {0, 1, 7}) {
            if (value.isInt()) {
                others.add(IntNode.valueOf(number));
            }
            for (int i = 0; i < (value.isArray() ? value.size() : 0); i++) {
                if (value.get(i).isInt()) {
                    ArrayNode list = value.deepCopy();
                    list.set(i, IntNode.valueOf(number));
                    others.add(list);
                }
            }
        }
        return others;
    }

    private static boolean hasZero(JsonNode value) {
        return Stream.concat(Stream.of(value), StreamSupport.stream(value.spliterator(), false))
                .anyMatch(number -> number.isInt() && number.intValue() == 0);
    }

    /** A number other than 0 may be right by itself and not fit another option, which is named then. */
    private static Optional<String> problem(JsonNode json, String key, JsonNode value) {
        ObjectNode changed = json.deepCopy();
        changed.set(key, value);
        String what = "%s: %s = %s: ".formatted(NetworkType.className(json), key, value);
        try {
            Networks.describe(changed);
            boolean isTaken = !value.isArray()
                    || !hasZero(value)
                    || OF_ZEROS.contains(key)
                    || NOT_READ.contains(NetworkType.className(json) + "." + key);
            return isTaken ? Optional.empty() : Optional.of(what + "taken");
        } catch (ModelException e) {
            Matcher named = NAMED.matcher(e.getMessage());
            boolean isNamed =
                    named.find() && (named.group(1).equals(key) || !hasZero(value) && json.has(named.group(1)));
            return isNamed ? Optional.empty() : Optional.of(what + e.getMessage());
        } catch (RuntimeException e) {
            return Optional.of(what + e + " at " + e.getStackTrace()[0] + e.getStackTrace()[1]);
        }
    }
}
