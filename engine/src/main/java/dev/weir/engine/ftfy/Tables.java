package dev.weir.engine.ftfy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.JsonFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** The tables of ftfy, from the resource {@code ftfy.json}. Any thread. */
final class Tables {

    private static final String NAME = "ftfy.json";
    private static final JsonNode JSON = read();

    private Tables() {}

    private static JsonNode read() {
        try (InputStream in = Tables.class.getResourceAsStream(NAME)) {
            return JsonFile.parse(NAME, in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode json() {
        return JSON;
    }

    static Map<String, String> strings(String table) {
        Map<String, String> strings = new HashMap<>();
        JSON.path(table)
                .properties()
                .forEach(entry -> strings.put(entry.getKey(), entry.getValue().textValue()));
        return strings;
    }

    /** Python's {@code .} stops at a line feed only. */
    static Pattern pattern(String name) {
        return Pattern.compile(JSON.path(name).textValue(), Pattern.UNIX_LINES);
    }
}
