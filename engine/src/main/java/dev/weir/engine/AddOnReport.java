package dev.weir.engine;

import dev.weir.engine.adapter.IpAdapter;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.TensorInfo;
import dev.weir.engine.weights.WeightType;
import dev.weir.engine.weights.Weights;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a ControlNet, T2I-Adapter, IP-Adapter, textual inversion or upscaler is, whatever model it is for. Made from names and shapes; no numbers
 * are read. Immutable.
 *
 * @param form what it is, such as {@code a ControlNet}
 * @param models that it is for, as far as its shapes tell
 * @param advice how to give it to a node
 * @param problem why Weir does not run it with any model
 */
public record AddOnReport(
        Path path,
        String form,
        String models,
        long parameters,
        long bytes,
        Set<WeightType> types,
        String advice,
        Optional<String> problem) {

    private static final Map<Long, String> FAMILIES = Map.of(
            768L, "Stable Diffusion 1.x", 1024L, "Stable Diffusion 2.x", 2048L, "SDXL", 1280L, "the refiner of SDXL");

    private static final Set<String> RUN = Set.of("ControlNetModel", "T2IAdapter");
    private static final String UNKNOWN = "models of an unknown family";

    /** Pixels of the squares that one place of a T2I-Adapter's first layer sees. */
    private static final Map<Long, String> SQUARES = Map.of(64L, "Stable Diffusion 1.x and 2.x", 256L, "SDXL");

    private static final int COLORS = 3;
    private static final String OFFERED = ". A node offers it for models that it fits.";

    /** Empty for anything else, and for a LoRA. Throws {@link ModelException} if it cannot be read. */
    public static Optional<AddOnReport> of(Path path) {
        if (Files.isDirectory(path)) {
            Path config = path.resolve("config.json");
            return Files.isRegularFile(config)
                    ? ofFolder(path, JsonFile.read(config).path("_class_name").asText(""))
                    : Optional.empty();
        }
        if (!Files.isRegularFile(path) || !path.toString().endsWith(".safetensors")) {
            return Optional.empty();
        }
        SafetensorsFile file = SafetensorsFile.open(path);
        return AddOnKind.of(file)
                .filter(kind -> kind != AddOnKind.LORA)
                .map(kind -> of(path, kind, file, problem(kind, file)));
    }

    private static Optional<AddOnReport> ofFolder(Path folder, String name) {
        Optional<String> problem = RUN.contains(name)
                ? Optional.empty()
                : Optional.of("it is of the class %s, which Weir does not run".formatted(name));
        return AddOnKind.ofClass(name).map(kind -> of(folder, kind, ComponentWeights.open(folder), problem));
    }

    private static AddOnReport of(Path path, AddOnKind kind, Weights weights, Optional<String> problem) {
        List<TensorInfo> tensors = weights.names().stream().map(weights::info).toList();
        Set<WeightType> types = EnumSet.noneOf(WeightType.class);
        tensors.forEach(tensor -> types.add(tensor.type()));
        return new AddOnReport(
                path,
                kind.form(),
                models(kind, weights),
                tensors.stream()
                        .mapToLong(tensor -> Arrays.stream(tensor.shape()).reduce(1, (a, b) -> a * b))
                        .sum(),
                tensors.stream().mapToLong(TensorInfo::length).sum(),
                types,
                kind == AddOnKind.UPSCALER ? kind.advice() : kind.advice() + OFFERED,
                problem);
    }

    private static Optional<String> problem(AddOnKind kind, Weights weights) {
        if (kind != AddOnKind.IP_ADAPTER) {
            return Optional.empty();
        }
        try {
            IpAdapter.kindOf(weights);
            return Optional.empty();
        } catch (ModelException e) {
            return Optional.of("it is " + e.getMessage());
        }
    }

    private static String models(AddOnKind kind, Weights weights) {
        return switch (kind) {
            case CONTROLNET -> ofWidths(sides(weights, "attn2.to_k.weight", 1));
            case IP_ADAPTER -> ofWidths(sides(weights, "to_k_ip.weight", 1));
            case T2I_ADAPTER ->
                ofSquares(sides(weights, "conv_in.weight", 1), sides(weights, "body.0.in_conv.weight", 1));
            case EMBEDDING, LORA -> ofWords(weights);
            case UPSCALER -> "pictures of any model";
        };
    }

    /** The distinct sides of the tensors with a name. */
    private static Set<Long> sides(Weights weights, String ending, int axis) {
        return weights.names().stream()
                .filter(name -> name.endsWith(ending))
                .map(name -> weights.info(name).shape())
                .filter(shape -> shape.length > axis)
                .map(shape -> shape[axis])
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static String ofWidths(Set<Long> widths) {
        return widths.size() == 1 ? ofWidth(widths.iterator().next()) : UNKNOWN;
    }

    private static String ofWidth(long width) {
        String wide = "whose prompts are %d wide".formatted(width);
        return FAMILIES.containsKey(width) ? "%s, %s".formatted(FAMILIES.get(width), wide) : "models " + wide;
    }

    private static String ofSquares(Set<Long> full, Set<Long> light) {
        return (full.isEmpty() ? light : full)
                .stream()
                        .map(channels -> SQUARES.getOrDefault(
                                channels,
                                SQUARES.getOrDefault(channels % COLORS == 0 ? channels / COLORS : 0, UNKNOWN)))
                        .findFirst()
                        .orElse(UNKNOWN);
    }

    private static String ofWords(Weights weights) {
        if (weights.names().containsAll(Set.of("clip_l", "clip_g"))) {
            return "SDXL";
        }
        return ofWidths(weights.names().stream()
                .map(name -> weights.info(name).shape())
                .filter(shape -> shape.length > 0)
                .map(shape -> shape[shape.length - 1])
                .collect(Collectors.toSet()));
    }
}
