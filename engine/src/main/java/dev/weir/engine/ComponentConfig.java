package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;

/** The few keys of a component's {@code config.json} that a model's card needs, whatever its network makes of it. */
record ComponentConfig(Path file, JsonNode json) {

    static ComponentConfig read(Path component) {
        Path file = component.resolve("config.json");
        return new ComponentConfig(file, JsonFile.read(file));
    }

    int count(String key) {
        JsonNode value = json.path(key);
        if (!value.canConvertToInt() || !value.isIntegralNumber() || value.intValue() < 1) {
            throw new ModelException("%s: %s is not a positive whole number: %s"
                    .formatted(file, key, value.isMissingNode() ? "missing" : value));
        }
        return value.intValue();
    }

    int count(String key, int otherwise) {
        return json.hasNonNull(key) ? count(key) : otherwise;
    }

    /** How often a network halves its sides: once between two of its blocks. */
    int halvings() {
        JsonNode blocks = json.path("block_out_channels");
        if (!blocks.isArray() || blocks.isEmpty() || blocks.size() > 16) {
            throw new ModelException(file + ": block_out_channels is not a list of 1 to 16 counts");
        }
        return blocks.size() - 1;
    }
}
