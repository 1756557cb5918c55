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

/**
 * The JSON of a model folder, read strictly: UTF-8, one object, no key twice.
 *
 * <p>Stateless; any thread. What the keys mean is their readers' business.
 */
public final class JsonFile {

    /** Indexes of the largest public models are a few MiB; a vocabulary is one. */
    private static final long MAX_BYTES = 64L << 20;

    private static final ObjectMapper MAPPER = new ObjectMapper(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    // Python's json writes an infinite number bare, and schedulers have one.
                    .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private JsonFile() {}

    /** The object in a file; {@link ModelException} naming the file where it is missing, too large or no JSON object. */
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
            throw new ModelException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * The object that some bytes of a file hold.
     *
     * @param where what an error names
     */
    public static JsonNode parse(String where, byte[] bytes) {
        try {
            // Decoded here because Jackson would take UTF-16 and malformed sequences for what they might mean.
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
            throw new ModelException(where + ": not valid JSON: " + e.getOriginalMessage(), e);
        }
    }
}
