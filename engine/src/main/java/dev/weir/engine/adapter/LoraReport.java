package dev.weir.engine.adapter;

import dev.weir.engine.ModelException;
import dev.weir.engine.weights.SafetensorsFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a LoRA file holds, whatever model it is for. Made from names and shapes; no numbers are read. Immutable.
 *
 * @param namings whose names the file has for layers, such as {@code kohya}
 * @param networks that it changes
 * @param problem why Weir does not run it with any model
 */
public record LoraReport(Path path, SortedSet<String> namings, List<Network> networks, Optional<String> problem) {

    private static final Pattern LORA = Pattern.compile(
            ".*(lora_down|lora_up|lora_A|lora_B|lora[12]?\\.down|lora[12]?\\.up|lora_linear_layer|hada_w1|lokr_w|oft_diag).*");

    /** Layers that only the transformers of Flux.1, Stable Diffusion 3 and Z-Image have, in their original repositories or in diffusers. */
    private static final Pattern OF_TRANSFORMERS = Pattern.compile(
            "^(?!text_encoder|lora_te)(.*[._])?(double_blocks|single_blocks|joint_blocks|single_transformer_blocks"
                    + "|(noise|context)_refiner|layers[._]\\d+[._](attention|feed_forward|adaLN_modulation))[._]");

    /** Those among them that have other names in the original repositories. */
    private static final Pattern OF_DIFFUSERS = Pattern.compile(
            "(^|[._])(transformer_blocks|single_transformer_blocks|attention[._]to_(q|k|v|out))([._]|$)");

    private static final String TRANSFORMER = "transformer";

    private static final Set<String> RUN = Set.of("LoRA", "LoHa", "LoKr");

    /** The first dimension of these is the rank. A layer without any of them has whole matrices. */
    private static final List<String> RANKED = List.of(LoraKey.DOWN, "hada_w1_b", "lokr_w2_b", "lokr_w1_b");

    /**
     * @param layers how many it changes
     * @param kinds of the changes, such as {@code LoRA} or {@code LoHa}
     * @param ranks that layers have
     */
    public record Network(String name, int layers, SortedSet<String> kinds, SortedSet<Integer> ranks) {}

    /** Whether a file with these tensors is a LoRA. */
    public static boolean isLora(Set<String> tensors) {
        return tensors.stream().anyMatch(name -> LORA.matcher(name).matches());
    }

    /** Empty where the file is not a LoRA. Throws {@link ModelException} if it cannot be read. */
    public static Optional<LoraReport> of(Path path) {
        var file = SafetensorsFile.open(path);
        if (!isLora(file.names())) {
            return Optional.empty();
        }
        Map<String, Map<String, String>> modules = new TreeMap<>();
        for (var tensor : file.names()) {
            LoraKey.of(tensor).ifPresent(key -> modules.computeIfAbsent(key.module(), module -> new TreeMap<>())
                    .put(key.role(), tensor));
        }
        SortedSet<String> namings = new TreeSet<>();
        Map<String, List<Map<String, String>>> byNetwork = new TreeMap<>();
        boolean isTransformers = modules.keySet().stream().anyMatch(OF_TRANSFORMERS.asPredicate());
        boolean isDiffusers = modules.keySet().stream().anyMatch(OF_DIFFUSERS.asPredicate());
        String denoiser = isTransformers ? TRANSFORMER : "unet";
        String alone = isTransformers && !isDiffusers ? "the original repository" : "diffusers";
        String trainer = isDiffusers ? "ai-toolkit" : "ComfyUI";
        String prefixed = isTransformers ? trainer : "Stability AI";
        modules.forEach((module, tensors) -> {
            namings.add(naming(module, alone, prefixed));
            byNetwork
                    .computeIfAbsent(network(module, denoiser), name -> new ArrayList<>())
                    .add(tensors);
        });
        List<Network> networks = new ArrayList<>();
        byNetwork.forEach((name, layers) -> networks.add(network(file, name, layers)));
        return Optional.of(
                new LoraReport(path, namings, List.copyOf(networks), problem(path, file, modules, networks)));
    }

    private static Network network(SafetensorsFile file, String name, List<Map<String, String>> layers) {
        SortedSet<String> kinds = new TreeSet<>();
        SortedSet<Integer> ranks = new TreeSet<>();
        for (var tensors : layers) {
            kinds.add(kind(tensors.keySet()));
            RANKED.stream()
                    .filter(tensors::containsKey)
                    .map(role -> file.info(tensors.get(role)).shape())
                    .filter(shape -> shape.length > 0)
                    .findFirst()
                    .ifPresent(shape -> ranks.add((int) shape[0]));
        }
        return new Network(name, layers.size(), kinds, ranks);
    }

    private static Optional<String> problem(
            Path path, SafetensorsFile file, Map<String, Map<String, String>> modules, List<Network> networks) {
        SortedSet<String> others = new TreeSet<>();
        networks.forEach(network -> others.addAll(network.kinds()));
        others.removeAll(RUN);
        if (!others.isEmpty()) {
            return Optional.of("it has %s, which Weir does not run; it runs LoRA, LoHa and LoKr"
                    .formatted(String.join(", ", others)));
        }
        try {
            var config = PeftConfig.read(path, file);
            return broken(file, modules, config);
        } catch (ModelException e) {
            return Optional.of(e.getMessage());
        }
    }

    /** What is wrong with the first layer that no model can have changed so, and how many more there are. */
    private static Optional<String> broken(
            SafetensorsFile file, Map<String, Map<String, String>> modules, PeftConfig config) {
        List<String> problems = new ArrayList<>();
        modules.forEach((module, tensors) -> {
            try {
                var scale = config.of(new LayerNames.Layer(network(module, "unet"), module));
                LayerChange.requireAlone(file, module, tensors, scale);
            } catch (ModelException e) {
                problems.add(e.getMessage());
            }
        });
        return problems.stream()
                .findFirst()
                .map(first -> problems.size() == 1
                        ? first
                        : "%s. It is the first of %d layers like this".formatted(first, problems.size()));
    }

    private static String kind(Set<String> roles) {
        if (roles.contains(LoraKey.DORA)) {
            return "DoRA";
        }
        if (roles.contains(LoraKey.BIAS)) {
            return "biases";
        }
        if (roles.contains(LoraKey.DOWN) || roles.contains(LoraKey.UP)) {
            return "LoRA";
        }
        if (roles.stream().anyMatch(role -> role.startsWith("hada_"))) {
            return "LoHa";
        }
        return roles.stream().anyMatch(role -> role.startsWith("lokr_")) ? "LoKr" : String.join("+", roles);
    }

    /**
     * @param alone whose names the file's layers of the denoiser have where nothing stands before them
     * @param prefixed whose they are behind {@code diffusion_model.}
     */
    private static String naming(String module, String alone, String prefixed) {
        if (starts(module, "lora_unet_", "lora_te", "lora_transformer_")) {
            return "kohya";
        }
        if (starts(module, "lycoris_")) {
            return "LyCORIS";
        }
        if (starts(module, "base_model.model.")) {
            return "peft";
        }
        if (starts(module, "text_encoders.")) {
            return "ComfyUI";
        }
        if (starts(module, "diffusion_model.")) {
            return prefixed;
        }
        if (starts(module, "transformer.", "unet.", "text_encoder")) {
            return "diffusers";
        }
        return OF_TRANSFORMERS.matcher(module).find() && module.contains(".processor.") ? "XLabs" : alone;
    }

    /** @param denoiser what the file's layers of the denoiser belong to */
    private static String network(String module, String denoiser) {
        if (starts(module, "text_encoder_3.")) {
            return "text_encoder_3";
        }
        // The number of T5 depends on the model.
        if (starts(module, "lora_te3_", "lora_te2_encoder_block_", "text_encoders.t5xxl.")) {
            return "T5";
        }
        if (starts(module, "lora_te2_", "text_encoder_2.", "text_encoders.clip_g.")) {
            return "text_encoder_2";
        }
        if (starts(module, "lora_te", "text_encoder.", "text_encoders.clip_", "text_encoders.qwen3_")) {
            return "text_encoder";
        }
        return starts(module, "lora_transformer_", "transformer.") ? TRANSFORMER : denoiser;
    }

    private static boolean starts(String module, String... prefixes) {
        return Stream.of(prefixes).anyMatch(module::startsWith);
    }
}
