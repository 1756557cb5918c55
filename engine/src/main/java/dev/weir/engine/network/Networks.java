package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.Denoiser;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.ModelException;
import dev.weir.engine.TextEncoder;
import dev.weir.engine.backend.Backend;
import dev.weir.engine.graph.Script;
import dev.weir.engine.onnx.OnnxBackend;
import dev.weir.engine.tokenizer.Tokenizer;
import dev.weir.engine.torch.TorchBackend;
import dev.weir.engine.weights.Weights;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * The networks that Weir knows, from their {@code config.json} and weights. Loading takes from a tenth of a second to
 * some seconds, on any thread; what it gives belongs to one device thread.
 */
public final class Networks {

    private Networks() {}

    /** The text encoder of Stable Diffusion 1.x and 2.x, and of models with BERT. */
    public static TextEncoder textEncoder(JsonNode config, Weights weights, Tokenizer tokenizer, ComputeTarget target) {
        return textEncoder(config, weights, tokenizer, ClipOutput.LAST, target);
    }

    /**
     * @param output which states to give, where the encoder is a CLIP
     * @throws ModelException where the network, an option or the weights do not fit
     */
    public static TextEncoder textEncoder(
            JsonNode config, Weights weights, Tokenizer tokenizer, ClipOutput output, ComputeTarget target) {
        if (className(config).equals("BertModel")) {
            var network = backend(target).load(describe(config, weights));
            return new TextTransformer(network, tokenizer, BertModel.Options.read(config));
        }
        if (className(config).startsWith("CLIPTextModel")) {
            var clip = new ClipTextModel(ClipTextModel.Options.read(config), output);
            var script = new Script(className(config), weights);
            clip.describe(script);
            script.check(clip::spare);
            return new TextTransformer(backend(target).load(script), tokenizer, clip);
        }
        throw new ModelException(className(config) + " is no text encoder");
    }

    /** @throws ModelException where the network, an option or the weights do not fit */
    public static Denoiser denoiser(JsonNode config, Weights weights, ComputeTarget target) {
        require(config, "UNet2DConditionModel");
        return new UNet2DConditionModel(UNetConfig.read(config))
                .load(backend(target).load(describe(config, weights)));
    }

    /** @throws ModelException where the network, an option or the weights do not fit */
    public static ImageCodec imageCodec(JsonNode config, Weights weights, ComputeTarget target) {
        if (!Autoencoder.CLASSES.containsKey(className(config))) {
            throw new ModelException(className(config) + " is no autoencoder");
        }
        var autoencoder = autoencoder(config);
        var runs = autoencoder.target(target);
        var network = backend(runs).load(describe(config, weights));
        return new VaeCodec(network, autoencoder.codec(), Tiling.of(autoencoder.codec(), runs), autoencoder.masked());
    }

    /**
     * Holds a component to its weights without loading it: the network is known, its options are, and every weight is
     * there with its shape and none to spare.
     *
     * @throws ModelException where one is not
     */
    public static void check(JsonNode config, Weights weights) {
        describe(config, weights);
    }

    /** Reads the options without weights. Throws {@link ModelException} where the network or an option is not known. */
    public static void requireKnown(JsonNode config) {
        switch (className(config)) {
            case "BertModel" -> BertModel.Options.read(config);
            case "CLIPTextModel", "CLIPTextModelWithProjection" -> ClipTextModel.Options.read(config);
            case "CLIPVisionModelWithProjection" -> ClipVisionModel.Options.read(config);
            case "StableDiffusionSafetyChecker" -> SafetyChecker.read(config);
            case "UNet2DConditionModel" -> UNetConfig.read(config);
            default -> autoencoder(config);
        }
    }

    /**
     * The weights that a component of this configuration has, by name, with their shapes.
     *
     * @throws ModelException where the network or an option is not known
     */
    public static Map<String, List<Integer>> shapes(JsonNode config) {
        var script = new Script(className(config), Weights.NONE);
        describe(config, script);
        return script.parameterShapes();
    }

    private static Backend backend(ComputeTarget target) {
        return switch (target.engine()) {
            case TORCH -> TorchBackend.on(target);
            case ONNX -> new OnnxBackend();
        };
    }

    private static Script describe(JsonNode config, Weights weights) {
        var script = new Script(className(config), weights);
        script.check(describe(config, script));
        return script;
    }

    /** Gives the names that a checkpoint of the network may hold and that it does not need. */
    private static Predicate<String> describe(JsonNode config, Script script) {
        var network = className(config);
        switch (network) {
            case "BertModel" -> {
                new BertModel(BertModel.Options.read(config)).describe(script);
                return BertModel::spare;
            }
            case "CLIPTextModel", "CLIPTextModelWithProjection" -> {
                var clip = clipText(config);
                clip.describe(script);
                return clip::spare;
            }
            case "CLIPVisionModelWithProjection" -> {
                var clip = new ClipVisionModel(ClipVisionModel.Options.read(config));
                clip.describe(script);
                return clip::spare;
            }
            case "StableDiffusionSafetyChecker" -> {
                var checker = new SafetyChecker(SafetyChecker.read(config));
                checker.describe(script);
                return checker::spare;
            }
            case "UNet2DConditionModel" -> {
                new UNet2DConditionModel(UNetConfig.read(config)).describe(script);
                return name -> false;
            }
            default -> {
                autoencoder(config).describe(script);
                return name -> false;
            }
        }
    }

    private static Autoencoder autoencoder(JsonNode config) {
        var reader = Autoencoder.CLASSES.get(className(config));
        if (reader == null) {
            throw unknown(config);
        }
        return reader.apply(config);
    }

    private static ClipTextModel clipText(JsonNode config) {
        return new ClipTextModel(ClipTextModel.Options.read(config), ClipOutput.LAST);
    }

    private static ModelException unknown(JsonNode config) {
        return new ModelException("%s is not a network that Weir knows; it knows %s"
                .formatted(
                        className(config),
                        List.of(
                                "CLIPTextModel",
                                "CLIPTextModelWithProjection",
                                "CLIPVisionModelWithProjection",
                                "BertModel",
                                "UNet2DConditionModel",
                                "AutoencoderKL",
                                "AsymmetricAutoencoderKL",
                                "AutoencoderTiny",
                                "VQModel",
                                "StableDiffusionSafetyChecker")));
    }

    private static void require(JsonNode config, String network) {
        if (!className(config).equals(network)) {
            throw new ModelException("%s where a %s is expected".formatted(className(config), network));
        }
    }

    /** A component's class, as diffusers or as transformers writes it. */
    private static String className(JsonNode config) {
        var name = config.path("_class_name")
                .asText(config.path("architectures").path(0).asText(""));
        if (name.isEmpty()) {
            throw new ModelException("config.json names no network: it has neither _class_name nor architectures");
        }
        return name;
    }
}
