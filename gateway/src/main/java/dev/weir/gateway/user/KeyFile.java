package dev.weir.gateway.user;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.weir.gateway.user.User.Role;
import dev.weir.proto.v1.Priority;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Reads a file of keys: a list in YAML, of which JSON is a part. Stateless; any thread. */
public final class KeyFile {

    private static final String NAME = "name";
    private static final String SHA256 = "sha256";
    private static final String ROLE = "role";
    private static final String WEIGHT = "weight";
    private static final String CLASS = "class";
    private static final String IN_FLIGHT = "images-in-flight";
    private static final String PER_MINUTE = "images-per-minute";
    private static final String PER_DAY = "pixel-steps-per-day";
    private static final Set<String> FIELDS =
            new TreeSet<>(List.of(NAME, SHA256, ROLE, WEIGHT, CLASS, IN_FLIGHT, PER_MINUTE, PER_DAY));

    private static final List<Priority> CLASSES = List.of(Priority.INTERACTIVE, Priority.STANDARD, Priority.BATCH);

    private static final String NAME_FORM = "[A-Za-z0-9._@-]{1,64}";
    private static final String HASH_FORM = "[0-9a-fA-F]{64}";

    private KeyFile() {}

    /** The entry for a new key, as a line of the file. */
    public static String line(String name, String key) {
        requireName(name);
        return "- {%s: \"%s\", %s: \"%s\"}"
                .formatted(NAME, name, SHA256, HexFormat.of().formatHex(Keys.digest(key)));
    }

    /** Throws {@link IllegalArgumentException} that says what is wrong with the content. */
    static Keys parse(byte[] content) {
        JsonNode root;
        try {
            root = onlyDocument(content);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "line %d is not YAML"
                            .formatted(
                                    e.getLocation() == null
                                            ? 1
                                            : e.getLocation().getLineNr()),
                    e);
        } catch (IOException e) {
            throw new IllegalArgumentException("it is not YAML", e);
        }
        if (root == null || !root.isArray() || root.isEmpty()) {
            throw new IllegalArgumentException("it must be a list of keys, with at least one");
        }
        List<Keys.Entry> entries = new ArrayList<>();
        Set<String> names = new TreeSet<>();
        Set<String> hashes = new TreeSet<>();
        for (JsonNode entry : root) {
            String where = "entry %d".formatted(entries.size() + 1);
            try {
                Keys.Entry read = entry(entry);
                require(names.add(read.user().name()), NAME, "is in the file twice");
                require(hashes.add(text(entry, SHA256).toLowerCase(Locale.ROOT)), SHA256, "is in the file twice");
                entries.add(read);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(where + ": " + e.getMessage(), e);
            }
        }
        return new Keys(entries);
    }

    /** Null if there is none. */
    private static JsonNode onlyDocument(byte[] content) throws IOException {
        YAMLMapper mapper = new YAMLMapper();
        try (JsonParser parser = mapper.createParser(content)) {
            JsonNode first = mapper.readTree(parser);
            if (parser.nextToken() != null) {
                throw new IllegalArgumentException("it must be one list, without more documents after ---");
            }
            return first;
        }
    }

    private static Keys.Entry entry(JsonNode entry) {
        if (!entry.isObject()) {
            throw new IllegalArgumentException("must have the form {name: anna, sha256: ...}");
        }
        entry.fieldNames().forEachRemaining(field -> {
            if (!FIELDS.contains(field)) {
                throw new IllegalArgumentException(
                        "there is no field %s; there are %s".formatted(field, String.join(", ", FIELDS)));
            }
        });
        requireName(text(entry, NAME));
        require(
                entry.get(NAME).isTextual(),
                NAME,
                "must be in quotes, because YAML reads it as a number or a constant");
        require(text(entry, SHA256).matches(HASH_FORM), SHA256, "must have 64 hexadecimal digits");
        Allowance allowance = new Allowance(
                whole(entry, IN_FLIGHT),
                whole(entry, PER_MINUTE),
                entry.has(PER_DAY) ? positive(entry, PER_DAY) : Double.POSITIVE_INFINITY);
        User user = new User(
                text(entry, NAME),
                choice(entry, ROLE, Role.USER, List.of(Role.values())),
                entry.has(WEIGHT) ? positive(entry, WEIGHT) : 1,
                choice(entry, CLASS, Priority.INTERACTIVE, CLASSES),
                allowance);
        return new Keys.Entry(HexFormat.of().parseHex(text(entry, SHA256)), user);
    }

    private static void requireName(String name) {
        require(name.matches(NAME_FORM), NAME, "must have from 1 to 64 letters, digits and . _ @ -");
    }

    private static <E extends Enum<E>> E choice(JsonNode entry, String field, E otherwise, List<E> choices) {
        if (!entry.has(field)) {
            return otherwise;
        }
        String text = text(entry, field);
        return choices.stream()
                .filter(choice -> choice.name().toLowerCase(Locale.ROOT).equals(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("%s must be one of %s, not %s"
                        .formatted(
                                field,
                                choices.stream()
                                        .map(choice -> choice.name().toLowerCase(Locale.ROOT))
                                        .collect(Collectors.joining(", ")),
                                text)));
    }

    private static long whole(JsonNode entry, String field) {
        if (!entry.has(field)) {
            return Long.MAX_VALUE;
        }
        double value = positive(entry, field);
        require(value == Math.rint(value) && value < Long.MAX_VALUE, field, "must be a whole number");
        return (long) value;
    }

    /** YAML takes 5e10 for a word. */
    private static double positive(JsonNode entry, String field) {
        try {
            double value = new BigDecimal(text(entry, field)).doubleValue();
            require(value > 0 && Double.isFinite(value), field, "must be more than 0");
            return value;
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(field + " must be a number", e);
        }
    }

    private static String text(JsonNode entry, String field) {
        JsonNode value = entry.path(field);
        require(value.isValueNode() && !value.isNull(), field, "is missing, or is not one value");
        return value.asText();
    }

    private static void require(boolean holds, String field, String problem) {
        if (!holds) {
            throw new IllegalArgumentException(field + " " + problem);
        }
    }
}
