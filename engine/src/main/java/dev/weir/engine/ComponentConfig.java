package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Set;

/** The few keys of a component's {@code config.json} that a model's card needs. */
public record ComponentConfig(Path file, JsonNode json) {

    public static final String FILE = "config.json";

    private static final int MOST_SIDE = 1 << 13;

    private static final Set<String> TO_ANY_SIZE = Set.of("UpBlock2D", "CrossAttnUpBlock2D");

    public static ComponentConfig read(Path component) {
        Path file = component.resolve(FILE);
        return new ComponentConfig(file, JsonFile.read(file));
    }

    /** Without what publishers' tools note in it, such as {@code _diffusers_version}, which says nothing of the component. */
    JsonNode withoutNotes() {
        ObjectNode own = json.deepCopy();
        json.fieldNames().forEachRemaining(key -> {
            if (isNote(key)) {
                own.remove(key);
            }
        });
        return own;
    }

    static boolean isNote(String key) {
        return key.equals("name_or_path") || key.startsWith("_") && !key.equals("_class_name");
    }

    public int count(String key) {
        JsonNode value = json.path(key);
        if (!value.canConvertToInt() || !value.isIntegralNumber() || value.intValue() < 1) {
            throw new ModelException("%s: %s is not a positive whole number: %s"
                    .formatted(file, key, value.isMissingNode() ? "missing" : value));
        }
        return value.intValue();
    }

    public int count(String key, int otherwise) {
        return json.hasNonNull(key) ? count(key) : otherwise;
    }

    /** Side of a sample. A larger one than {@value #MOST_SIDE} is no model's: it would not fit into an array. */
    public int side(String key) {
        int side = count(key);
        if (side > MOST_SIDE) {
            throw new ModelException("%s: %s is %d, past %d".formatted(file, key, side, MOST_SIDE));
        }
        return side;
    }

    public int side(String key, int otherwise) {
        return json.hasNonNull(key) ? side(key) : otherwise;
    }

    /**
     * Side of the latents that a UNet was trained at. StableDiffusionPipeline takes 64 for what folders older than
     * diffusers 0.9.0 say in error (diffusers 0.35.2, pipeline_stable_diffusion.py).
     */
    public int sampleSize() {
        int size = side("sample_size");
        return size < 64 && json.path("_diffusers_version").asText("").matches("0\\.[0-8](\\..*)?") ? 64 : size;
    }

    /**
     * What the sides of a UNet's sample are multiples of. Blocks that enlarge to the size of what passed them on the way down take any
     * side. diffusers' other blocks double the size.
     */
    public int sideMultiple() {
        for (JsonNode block : json.path("up_block_types")) {
            if (!TO_ANY_SIZE.contains(block.asText())) {
                return 1 << halvings();
            }
        }
        return 1;
    }

    /** How often a network halves its sides: once between two of its blocks. */
    public int halvings() {
        JsonNode blocks = json.path("block_out_channels");
        if (!blocks.isArray() || blocks.isEmpty() || blocks.size() > 16) {
            throw new ModelException(file + ": block_out_channels is not a list of 1 to 16 counts");
        }
        return blocks.size() - 1;
    }
}
