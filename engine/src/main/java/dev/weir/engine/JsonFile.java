package dev.weir.engine;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Reads the JSON of a model folder strictly: UTF-8, one object, no duplicate keys.
 *
 * <p>Stateless; any thread. The callers interpret the keys.
 */
public final class JsonFile {

    /** Indexes of the largest public models have a few MiB, and so does a vocabulary. */
    private static final long MAX_BYTES = 64L << 20;

    private static final ObjectMapper MAPPER = new ObjectMapper(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    // Each word of a vocabulary is a key, and comes once. A table of all keys takes most of the time of
                    // reading.
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                    // Python's json writes an infinite number as a bare word, and schedulers have one.
                    .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    /** Where an object began, with the name of a feature of the parser, and what another setting would allow. */
    private static final Pattern PARSER_NOTE =
            Pattern.compile("( \\((start marker at|bound as) |: enable ).*", Pattern.DOTALL);

    private JsonFile() {}

    /**
     * The object in a file. Throws a {@link ModelException} that names the file if it is missing, too large or no JSON
     * object.
     */
    public static JsonNode read(Path file) {
        try {
            long size = Files.size(file);
            if (size > MAX_BYTES) {
                throw new ModelException(
                        "%s: %d bytes of JSON are over the limit of %d".formatted(file, size, MAX_BYTES));
            }
            return parse(file + "", Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new ModelException(file + ": no such file", e);
        } catch (IOException e) {
            throw new ModelException(file + ": cannot be read: " + SystemReason.of(e), e);
        }
    }

    /**
     * The object in some bytes of a file.
     *
     * @param where the name for error messages
     */
    public static JsonNode parse(String where, byte[] bytes) {
        try {
            // Decoded here, because Jackson would accept UTF-16 and malformed sequences.
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            JsonNode node = MAPPER.readTree(text);
            if (!node.isObject()) {
                throw new ModelException(where + ": not a JSON object");
            }
            return node;
        } catch (CharacterCodingException e) {
            throw new ModelException(where + ": not UTF-8", e);
        } catch (JsonProcessingException e) {
            throw new ModelException("%s: not valid JSON: %s".formatted(where, reason(e)), e);
        }
    }

    /** In the parser's words, without those that it has for programmers. */
    private static String reason(JsonProcessingException e) {
        String reason = PARSER_NOTE.matcher(e.getOriginalMessage()).replaceFirst("");
        return "%s (line %d, column %d)"
                .formatted(reason, e.getLocation().getLineNr(), e.getLocation().getColumnNr());
    }
}
