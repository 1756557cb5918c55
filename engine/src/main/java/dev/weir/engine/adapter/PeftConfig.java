package dev.weir.engine.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import dev.weir.engine.weights.SafetensorsFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * What peft says of the scales of a file's layers. diffusers writes it into the file's metadata, for each part. peft itself writes it
 * into another file beside the weights. Immutable.
 *
 * @param where the name for messages
 * @param hasParts whether each key begins with the part that it is for
 */
record PeftConfig(String where, JsonNode json, boolean hasParts) {

    private static final String METADATA = "lora_adapter_metadata";

    /** The names in files that peft has saved itself. */
    private static final String PEFTS_OWN = "base_model.model.";

    private static final String WEIGHTS = "adapter_model.safetensors";

    /** Initialisations in peft that subtract their first product from the base model's weights. */
    private static final Pattern CHANGES_BASE = Pattern.compile("(?i)pissa.*|olora|corda|loftq");

    private static final String INIT = "init_lora_weights";

    PeftConfig {
        for (var entry : json.properties()) {
            var init = entry.getValue().asText();
            if (entry.getKey().endsWith(INIT) && CHANGES_BASE.matcher(init).matches()) {
                throw new ModelException(
                        "made with %s \"%s\", which changes the weights of the base model too. Convert it in peft (save_pretrained with path_initial_model_for_weight_conversion)"
                                .formatted(INIT, init));
            }
        }
    }

    /**
     * Throws {@link ModelException} where peft has saved the file without diffusers, and its configuration is not beside it, or
     * where the file needs a changed base model.
     */
    static PeftConfig read(Path path, SafetensorsFile file) {
        var metadata = file.metadata().get(METADATA);
        if (metadata != null) {
            return new PeftConfig(METADATA, JsonFile.parse(METADATA, metadata.getBytes(StandardCharsets.UTF_8)), true);
        }
        if (file.names().stream().noneMatch(name -> name.startsWith(PEFTS_OWN))) {
            return new PeftConfig("", JsonNodeFactory.instance.objectNode(), true);
        }
        var config = beside(path);
        var beside = config.getFileName().toString();
        if (!Files.isRegularFile(config)) {
            throw new ModelException(
                    "peft has saved it, and its adapter_config.json, which has the alpha, is not beside it as "
                            + beside);
        }
        var json = JsonFile.read(config);
        if (!json.path("lora_alpha").isNumber()) {
            throw new ModelException(beside + " has no lora_alpha");
        }
        return new PeftConfig(beside, json, false);
    }

    /** Where the configuration of a file is that peft has saved itself. */
    static Path beside(Path path) {
        var name = path.getFileName().toString();
        return path.resolveSibling(
                name.equals(WEIGHTS) ? "adapter_config.json" : name.replaceFirst("\\.safetensors$", ".json"));
    }

    /** Of a layer without a tensor for its alpha. */
    LayerScale of(LayerNames.Layer layer) {
        var prefix = hasParts ? layer.part() + "." : "";
        var alpha = json.path(prefix + "lora_alpha");
        for (var pattern : json.path(prefix + "alpha_pattern").properties()) {
            if (matches(pattern.getKey(), layer.name())) {
                alpha = pattern.getValue();
                break;
            }
        }
        return new LayerScale(
                alpha.isNumber() ? OptionalDouble.of(alpha.doubleValue()) : OptionalDouble.empty(),
                json.path(prefix + "use_rslora").asBoolean());
    }

    /** As in peft: a regular expression for the end of the name. */
    private boolean matches(String pattern, String layer) {
        try {
            return Pattern.matches("(.*\\.)?(" + pattern + ")", layer);
        } catch (PatternSyntaxException e) {
            throw new ModelException(
                    "%s: alpha_pattern has \"%s\", which is no regular expression".formatted(where, pattern), e);
        }
    }
}
