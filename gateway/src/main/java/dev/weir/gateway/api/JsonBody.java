package dev.weir.gateway.api;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.Map;
import java.util.regex.Pattern;

/** Parses the JSON object of a request, within bounds. Says what is wrong in words for users. Stateless; any thread. */
final class JsonBody {

    /** The workflows that ComfyUI's page sends along have some tens. Each level is a call when JSON is copied. */
    private static final int DEEPEST = 200;

    static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEEPEST)
                            .maxNumberLength(100)
                            .maxStringLength(Integer.MAX_VALUE)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final Pattern ADVICE =
            Pattern.compile(", from `[^`]*`|(: enable `| \\(start marker at | \\(bound as `).*");

    private JsonBody() {}

    /** Throws {@link ApiException} where it is none. */
    static Map<?, ?> object(byte[] body) {
        try {
            if (!(MAPPER.readValue(body, Object.class) instanceof Map<?, ?> object)) {
                throw new ApiException(ApiError.invalid("invalid_json", "the body must be a JSON object", null));
            }
            return object;
        } catch (JsonProcessingException e) {
            String where = e.getLocation() == null
                    ? ""
                    : " (line %d, column %d)"
                            .formatted(
                                    e.getLocation().getLineNr(), e.getLocation().getColumnNr());
            String message = "the body is not a JSON object: " + reason(e) + where;
            throw new ApiException(ApiError.invalid("invalid_json", message, null));
        } catch (IOException e) {
            throw new ApiException(ApiError.invalid("invalid_json", "the body is not JSON", null));
        }
    }

    /** The parser's message, without its advice to programmers, which names its own classes. */
    static String reason(JsonProcessingException e) {
        String line = e.getOriginalMessage().lines().findFirst().orElse("");
        return ADVICE.matcher(line).replaceAll("");
    }
}
