package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.network.Networks;
import dev.weir.engine.original.Naming;
import dev.weir.engine.original.TransformerLayers;
import dev.weir.engine.original.TransformerNaming;
import dev.weir.engine.pipeline.Component;
import dev.weir.engine.weights.Some;
import dev.weir.engine.weights.WeightViews;
import dev.weir.engine.weights.Weights;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A safetensors file with the transformer of Flux.1, Stable Diffusion 3 or Z-Image under the names of the original repositories, and maybe
 * other parts of the model. A diffusers folder has the parts that the file does not have, and their configurations. Immutable; any thread.
 */
final class TransformerFile implements ModelSource {

    private enum Kind {
        FLUX(
                "Flux.1",
                "flux",
                "FluxTransformer2DModel",
                "double_blocks.0.img_attn.qkv.weight",
                tensors -> TransformerLayers.ofFlux(),
                (shape, usual) -> shape.flux()),
        SD3(
                "Stable Diffusion 3",
                "sd3",
                "SD3Transformer2DModel",
                "joint_blocks.0.x_block.attn.qkv.weight",
                tensors -> TransformerLayers.ofSd3(blocks(tensors)),
                TransformerShape::stableDiffusionThree),
        Z_IMAGE(
                "Z-Image",
                "z_image",
                "ZImageTransformer2DModel",
                "cap_pad_token",
                tensors -> TransformerLayers.ofZImage(),
                TransformerShape::zImage);

        private final String title;
        private final String folder;
        private final String network;
        private final String first;
        private final Function<Weights, TransformerLayers> layers;
        private final BiFunction<TransformerShape, JsonNode, ObjectNode> config;

        /**
         * @param folder the configuration that comes with Weir
         * @param first a tensor that no other kind has, in either naming
         * @param config what the shapes say beside a usual configuration
         */
        Kind(
                String title,
                String folder,
                String network,
                String first,
                Function<Weights, TransformerLayers> layers,
                BiFunction<TransformerShape, JsonNode, ObjectNode> config) {
            this.title = title;
            this.folder = folder;
            this.network = network;
            this.first = first;
            this.layers = layers;
            this.config = config;
        }
    }

    private static final String TRANSFORMER = "transformer";
    private static final String SCHEDULER = "scheduler";
    private static final String DYNAMIC = "use_dynamic_shifting";
    private static final String AUTOENCODER = "vae";
    private static final String QWEN = "text_encoders.qwen3_4b.transformer.";
    /** Where ComfyUI's files have text encoders, by their classes, or by their folders. */
    private static final Map<String, String> TEXT_ENCODERS = Map.of(
            "text_encoder", "text_encoders.clip_l.transformer.",
            "text_encoder_2", "text_encoders.clip_g.transformer.",
            "T5EncoderModel", "text_encoders.t5xxl.transformer.",
            "Qwen3Model", QWEN,
            "Qwen3ForCausalLM", QWEN);

    private static final String CLIP_L = TEXT_ENCODERS.get("text_encoder");
    /** The matrix behind a CLIP that diffusers reads a vector of. ComfyUI's files have none for the smaller one. */
    private static final String PROJECTION = "text_projection.weight";

    private static final String PROJECTED = "CLIPTextModelWithProjection";

    /** Copies of the weights, schedules, and the scale by which CLIP compares texts with pictures. */
    private static final Pattern NOT_NEEDED = Pattern.compile(
            "model_ema\\..+|(model\\.)?model_sampling\\..+|denoiser\\.sigmas|text_encoders\\.\\w+\\.logit_scale");

    private static final Pattern BLOCK = Pattern.compile(".*joint_blocks\\.(\\d{1,4})\\..+");

    private final WeightFile file;
    private final Kind kind;
    private final ModelSource parts;
    private final ModelSettings settings;
    private final String prefix;
    private final Weights transformer;
    private final ObjectNode config;

    private TransformerFile(WeightFile file, Kind kind, String prefix, Path parts, ModelSettings own) {
        this.file = file;
        this.kind = kind;
        this.prefix = prefix;
        DiffusersFolder folder = DiffusersFolder.open(parts);
        this.parts = autoencoder().isEmpty() ? ModelSources.withAutoencoder(folder) : folder;
        String network = PipelineIndex.read(this.parts).classOf(TRANSFORMER);
        if (!network.equals(kind.network)) {
            throw new ModelException("%s: its parts are not for %s, which is what %s has the transformer of"
                    .formatted(parts, kind.title, file.path()));
        }
        this.transformer =
                new TransformerNaming(kind.layers.apply(file.tensors())).of(file.path(), file.tensors(), prefix);
        this.config = kind.config.apply(
                new TransformerShape(file.path(), transformer),
                ComponentConfig.read(home(TRANSFORMER)).json());
        this.settings =
                own.orElse(isForParts() ? folder.settings() : folder.settings().sizeAlone());
    }

    /**
     * Whether what the folder's settings say of sampling counts for this transformer too: the folder has none, or one of the same shape. Of
     * Flux.1 a folder without one tells by its schedule which it is for. What is wrong with one is said where the model is opened.
     */
    private boolean isForParts() {
        if (!Files.isRegularFile(parts.home(TRANSFORMER).resolve(ComponentConfig.FILE))) {
            return kind != Kind.FLUX || isGuided() == hasScheduleOfGuided();
        }
        JsonNode theirs = ComponentConfig.read(home(TRANSFORMER)).json();
        try {
            return Networks.shapes(((ObjectNode) theirs.deepCopy()).setAll(config))
                    .equals(Networks.shapes(theirs));
        } catch (ModelException e) {
            return false;
        }
    }

    private boolean isGuided() {
        return config.path("guidance_embeds").asBoolean();
    }

    private boolean hasScheduleOfGuided() {
        Path schedule = parts.home(SCHEDULER).resolve("scheduler_config.json");
        return Files.isRegularFile(schedule)
                && JsonFile.read(schedule).path(DYNAMIC).asBoolean();
    }

    /** Empty where the path is no such file, or its settings name no folder with the other parts. */
    static Optional<TransformerFile> find(Path path) {
        return SingleFile.opened(path)
                .filter(file -> ModelSettings.read(path).config().isPresent())
                .flatMap(file -> of(file, Optional.empty()));
    }

    /**
     * Empty where the file has no such transformer. Throws {@link ModelException} where the folder with the other parts is not named, or
     * is for another kind of model.
     *
     * @param parts the folder; empty: the one that the file's settings name
     */
    static Optional<TransformerFile> of(WeightFile file, Optional<Path> parts) {
        for (Kind kind : Kind.values()) {
            Optional<String> first = file.tensors().names().stream()
                    .filter(name -> name.equals(kind.first) || name.endsWith("." + kind.first))
                    .findFirst();
            if (first.isPresent()) {
                String name = first.get();
                ModelSettings settings = ModelSettings.read(file.path());
                Path folder = parts.map(ModelPath::resolve)
                        .or(settings::config)
                        .orElseThrow(() -> FileKind.of(file.path()).at(file.path()));
                String prefix = name.substring(0, name.length() - kind.first.length());
                return Optional.of(new TransformerFile(file, kind, prefix, folder, settings));
            }
        }
        return Optional.empty();
    }

    private static int blocks(Weights tensors) {
        return tensors.names().stream()
                .map(BLOCK::matcher)
                .filter(Matcher::matches)
                .mapToInt(block -> Integer.parseInt(block.group(1)) + 1)
                .max()
                .orElse(0);
    }

    @Override
    public Path path() {
        return file.path();
    }

    @Override
    public String form() {
        return "a single file of %s, with other parts from %s".formatted(kind.title, parts.path());
    }

    @Override
    public Path folder() {
        return parts.folder();
    }

    @Override
    public ModelSettings settings() {
        return settings;
    }

    @Override
    public boolean has(String component) {
        return parts.has(component);
    }

    /** The folder may lack the transformer altogether. */
    @Override
    public Path home(String component) {
        Path own = parts.home(component);
        return component.equals(TRANSFORMER) && !Files.isRegularFile(own.resolve(ComponentConfig.FILE))
                ? BundledFamilies.folder(kind.folder).resolve(component)
                : own;
    }

    @Override
    public ObjectNode changes(String component) {
        return switch (component) {
            case TRANSFORMER -> config.deepCopy();
            case SCHEDULER -> scheduler().setAll(settings.changes(component));
            default -> settings.changes(component);
        };
    }

    /** Flux.1 [schnell] and [dev] have the same parts but for the schedule, which their folders say and the file does not. */
    private ObjectNode scheduler() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        if (kind == Kind.FLUX) {
            json.put("shift", isGuided() ? 3.0 : 1.0).put(DYNAMIC, isGuided());
        }
        return json;
    }

    @Override
    public Weights weights(PipelineIndex index, String component) {
        file.tensors().requireUnchanged();
        if (component.equals(TRANSFORMER)) {
            return transformer;
        }
        if (component.equals(AUTOENCODER) && !autoencoder().isEmpty()) {
            return OtherAutoencoder.original(file.path(), file.tensors(), index);
        }
        return prefix(index, component)
                .map(own -> textEncoder(own, index.classOf(component)))
                .orElseGet(() -> parts.weights(index, component));
    }

    private Weights textEncoder(String prefix, String className) {
        WeightViews views = Naming.SAME.of(file.path(), file.tensors(), prefix);
        if (prefix.equals(CLIP_L)
                && className.equals(PROJECTED)
                && !views.names().contains(PROJECTION)) {
            views.identity(PROJECTION, "text_model.final_layer_norm.weight");
        }
        return views;
    }

    /** What the names of the autoencoder's tensors begin with; empty where the file has none. */
    private String autoencoder() {
        return Naming.prefix(file.tensors(), OtherAutoencoder.PREFIXES);
    }

    /** Of a text encoder that the file has. */
    private Optional<String> prefix(PipelineIndex index, String component) {
        return Optional.ofNullable(TEXT_ENCODERS.getOrDefault(index.classOf(component), TEXT_ENCODERS.get(component)))
                .filter(this::begins);
    }

    private boolean begins(String prefix) {
        return file.tensors().names().stream().anyMatch(name -> name.startsWith(prefix));
    }

    @Override
    public String place(PipelineIndex index, String component) {
        boolean own = component.equals(TRANSFORMER)
                || component.equals(AUTOENCODER) && !autoencoder().isEmpty()
                || prefix(index, component).isPresent();
        return own ? path() + ": " + component : parts.place(index, component);
    }

    /** Of a file all parts are there or none is, and each is a part of the model. */
    @Override
    public void requireReadable(PipelineIndex index) {
        List<String> read = Stream.concat(
                        Stream.concat(
                                Stream.of(prefix), Stream.of(autoencoder()).filter(own -> !own.isEmpty())),
                        index.components().keySet().stream().flatMap(part -> prefix(index, part).stream()))
                .toList();
        List<String> others = file.tensors().names().stream()
                .filter(name -> read.stream().noneMatch(name::startsWith))
                .filter(name -> !NOT_NEEDED.matcher(name).matches())
                .toList();
        if (!others.isEmpty()) {
            throw new ModelException(
                    "%s: it has %s".formatted(file.path(), Some.of(others, "tensor", "of no part of " + kind.title)));
        }
        index.type().components().stream()
                .filter(component -> component.use().isNetwork())
                .map(Component::folder)
                .forEach(index::weights);
    }
}
