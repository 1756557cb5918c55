package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.Denoiser;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.ImageEncoder;
import dev.weir.engine.ImagePrompter;
import dev.weir.engine.ModelException;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.PictureChecker;
import dev.weir.engine.TextEncoder;
import dev.weir.engine.adapter.Bank;
import dev.weir.engine.adapter.ImageLayers;
import dev.weir.engine.adapter.IpAdapter;
import dev.weir.engine.backend.Backend;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.control.ControlNet;
import dev.weir.engine.control.Steering;
import dev.weir.engine.graph.Script;
import dev.weir.engine.image.ClipImageProcessor;
import dev.weir.engine.onnx.OnnxBackend;
import dev.weir.engine.prompt.Lexicon;
import dev.weir.engine.tokenizer.Tokenizer;
import dev.weir.engine.torch.TorchBackend;
import dev.weir.engine.weights.Weights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Loads the networks that Weir knows ({@link NetworkType}) from their {@code config.json} and weights. Loading takes from a tenth
 * of a second to some seconds, on any thread; what it gives belongs to one device thread.
 */
public final class Networks {

    /** What a network is used as. */
    public enum Kind {
        TEXT_ENCODER(TextNetwork.class),
        IMAGE_ENCODER(ClipVisionModel.class),
        TEXT_PROJECTION(UnclipTextProjection.class),
        DENOISER(DenoisingNetwork.class),
        CLASSIFIER(NoisyClassifier.class),
        AUTOENCODER(Autoencoder.class);

        private final Class<? extends Network> type;

        Kind(Class<? extends Network> type) {
            this.type = type;
        }

        /** The class names of the networks of this kind. */
        public List<String> classNames() {
            return NetworkType.names(type);
        }
    }

    private Networks() {}

    /** A text encoder that gives its last states; see the other method. */
    public static TextEncoder textEncoder(JsonNode config, Weights weights, Tokenizer tokenizer, ComputeTarget target) {
        return textEncoder(config, weights, tokenizer, ClipOutput.LAST, target);
    }

    /** @throws ModelException where the network, an option or the weights do not fit */
    public static TextEncoder textEncoder(
            JsonNode config, Weights weights, Tokenizer tokenizer, ClipOutput output, ComputeTarget target) {
        return textEncoder(config, weights, "", Lexicon.of(tokenizer), Optional.empty(), output, target);
    }

    /**
     * @param part the network's folder, which LoRAs know it by
     * @param extension of an encoder that reads embeddings as words
     * @throws ModelException where the network, an option or the weights do not fit
     */
    public static TextEncoder textEncoder(
            JsonNode config,
            Weights weights,
            String part,
            Lexicon lexicon,
            Optional<Lexicon.Extension> extension,
            ClipOutput output,
            ComputeTarget target) {
        var plain = NetworkType.read(config, TextNetwork.class).giving(output);
        var network = extension.isPresent() ? plain.takingVectors() : plain;
        return new TextTransformer(
                adaptable(network, config, weights, part, target),
                lexicon,
                network,
                extension.orElse((before, embeddings) -> before));
    }

    /** @throws ModelException where the network, an option or the weights do not fit */
    public static Denoiser denoiser(JsonNode config, Weights weights, ComputeTarget target) {
        return denoiser(config, weights, "", target);
    }

    /**
     * @param part the network's folder, which LoRAs know it by
     * @throws ModelException where the network, an option or the weights do not fit
     */
    public static Denoiser denoiser(JsonNode config, Weights weights, String part, ComputeTarget target) {
        var network = NetworkType.read(config, DenoisingNetwork.class);
        return network.runBy(adaptable(network, config, weights, part, target));
    }

    /**
     * The same, whose rows may have the images of IP-Adapters.
     *
     * @param steering the kinds of networks that may steer it
     * @throws ModelException where the network, an option or the weights do not fit
     */
    public static Denoiser denoiser(
            JsonNode config,
            Weights weights,
            String part,
            ComputeTarget target,
            Steering steering,
            boolean seesImages) {
        var plain = NetworkType.read(config, DenoisingNetwork.class);
        var network =
                steering == Steering.NONE ? plain : plain.controlledBy(steering, net -> steeringNetwork(net, target));
        // What may be refused comes before what is to be closed.
        var images = seesImages ? Optional.of(imageLayers(config)) : Optional.<ImageLayers>empty();
        var loaded = load(network, config, weights, target);
        var denoiser = network.runBy(adaptable(network, loaded, config, weights, part, target));
        if (images.isEmpty()) {
            return denoiser;
        }
        var layers = images.get();
        return new ImagePromptedDenoiser(
                denoiser,
                count -> {
                    var seeing = network.seeing(new ImagePrompts(layers, count));
                    var beside = backend(network.target(target)).loadBeside(loaded, described(seeing, config, weights));
                    return seeing.runBy(adaptable(seeing, beside, config, weights, part, target));
                },
                layers,
                adapter -> load(adapter, new ImageKeys(layers), adapter.weights(), target));
    }

    /**
     * A denoiser of pixels that a classifier of noisy pictures guides.
     *
     * @param denoiser closed with the result
     * @throws ModelException where the classifier, an option or the weights do not fit, or the engine computes no gradients
     */
    public static Denoiser guided(Denoiser denoiser, JsonNode config, Weights weights, ComputeTarget target) {
        var classifier = NetworkType.read(config, NoisyClassifier.class);
        return new ClassifierGuidedDenoiser(
                denoiser, new ClassifierGradient(load(classifier, config, weights, target), classifier));
    }

    /**
     * The decoder of unCLIP behind its projection of text and picture, which the result closes with it.
     *
     * @throws ModelException where the network, an option or the weights do not fit
     */
    public static Denoiser projected(Denoiser decoder, JsonNode config, Weights weights, ComputeTarget target) {
        var projection = NetworkType.read(config, UnclipTextProjection.class);
        var learned = weights.floats(UnclipTextProjection.LEARNED);
        return new ProjectedDenoiser(decoder, projection, load(projection, config, weights, target), learned);
    }

    /** Two networks as one, of which the second makes the last step of each run. The result closes both. */
    public static Denoiser endingWith(Denoiser others, Denoiser last) {
        return new LastStepDenoiser(others, last);
    }

    /** Whether ControlNets and T2I-Adapters may steer a denoiser. */
    public static boolean isSteerable(JsonNode config) {
        return NetworkType.read(config, DenoisingNetwork.class).isSteerable();
    }

    private static SteeringNetwork steeringNetwork(ControlNet net, ComputeTarget target) {
        try {
            if (net.isT2iAdapter()) {
                var adapter = NetworkType.read(net.config(), T2iAdapterModel.class);
                return new T2iAdapterNetwork(load(adapter, net.config(), net.weights(), target), adapter);
            }
            var model = NetworkType.read(net.config(), ControlNetModel.class);
            return new ControlNetwork(load(model, net.config(), net.weights(), target), model);
        } catch (ModelException e) {
            throw e.in(net.place());
        }
    }

    /**
     * Holds a ControlNet or T2I-Adapter to the UNet that it is to steer, and to its own weights.
     *
     * @param latents the model's
     * @throws ModelException that says why it does not fit
     */
    public static void requireControl(JsonNode unet, LatentSpace latents, JsonNode config, Weights weights) {
        var network = NetworkType.read(config);
        if (network instanceof T2iAdapterModel adapter) {
            ControlFit.require(UNetConfig.read(unet), latents, adapter);
        } else {
            ControlFit.require(UNetConfig.read(unet), latents, NetworkType.read(config, ControlNetModel.class));
        }
        described(network, config, weights);
    }

    /** The attentions in which IP-Adapters take part. It does not need the weights. */
    public static ImageLayers imageLayers(JsonNode config) {
        return ImageLayers.of(layers(config));
    }

    /** Sees pictures for the IP-Adapters of any model. Loads nothing yet. */
    public static ImagePrompter imagePrompter(ComputeTarget target) {
        return new ClipImagePrompter(target);
    }

    /** @throws ModelException where the network, an option or the weights do not fit */
    public static ImageCodec imageCodec(JsonNode config, Weights weights, ComputeTarget target) {
        var network = NetworkType.read(config, Autoencoder.class);
        return network.runBy(load(network, config, weights, target), network.target(target));
    }

    /**
     * @param processor prepares the pictures
     * @throws ModelException where the network, an option, the weights or the processor do not fit
     */
    public static ImageEncoder imageEncoder(
            JsonNode config, Weights weights, ClipImageProcessor processor, ComputeTarget target) {
        var network = NetworkType.read(config, ClipVisionModel.class);
        int side = network.options().side();
        ClipPictures.requireFit(processor, side);
        return new ClipPictures(load(network, config, weights, target), processor, side).encoder();
    }

    /** See {@link #imageEncoder}. */
    public static PictureChecker pictureChecker(
            JsonNode config, Weights weights, ClipImageProcessor processor, ComputeTarget target) {
        var network = NetworkType.read(config, SafetyChecker.class);
        ClipPictures.requireFit(processor, network.side());
        return new ClipPictures(load(network, config, weights, target), processor, network.side()).checker();
    }

    /**
     * Holds a component to its weights without loading it: the network is known, its options are, and every weight is
     * there with its shape and none to spare.
     *
     * @throws ModelException where one is not
     */
    public static void check(JsonNode config, Weights weights) {
        described(NetworkType.read(config), config, weights);
    }

    /** Reads the options without weights. Throws {@link ModelException} where the network or an option is not known. */
    public static void requireKnown(JsonNode config) {
        NetworkType.read(config);
    }

    /**
     * What a denoiser of this configuration takes besides the sample and the timestep.
     *
     * @throws ModelException where the network or an option is not known
     */
    public static List<NetworkInput> inputs(JsonNode config) {
        return NetworkType.read(config, DenoisingNetwork.class).inputs();
    }

    /** The latents of an autoencoder, without its weights. Throws {@link ModelException} where it or an option is not known. */
    public static LatentSpace latentSpace(JsonNode config) {
        var codec = NetworkType.read(config, Autoencoder.class).codec();
        return new LatentSpace(codec.channels(), codec.scale());
    }

    /**
     * The weights that a component of this configuration has, by name, with their shapes.
     *
     * @throws ModelException where the network or an option is not known
     */
    public static Map<String, List<Integer>> shapes(JsonNode config) {
        return describe(config).parameterShapes();
    }

    /**
     * The network of this configuration, without weights.
     *
     * @throws ModelException where the network or an option is not known
     */
    public static Script describe(JsonNode config) {
        var script = new Script(NetworkType.className(config), Weights.NONE);
        NetworkType.read(config).describe(script);
        return script;
    }

    /** Where a network of this configuration runs if the target is wanted: fp16 overflows in some. */
    public static ComputeTarget target(JsonNode config, ComputeTarget wanted) {
        return NetworkType.read(config).target(wanted);
    }

    /**
     * The shapes of the weights of the layers that LoRAs may change, by layer. It does not need the weights.
     *
     * @throws ModelException where the network or an option is not known
     */
    public static Map<String, List<Integer>> layers(JsonNode config) {
        return layers(config, Weights.NONE);
    }

    /** The same by the names that the weights have, where networks of this configuration come with two. Reads names alone. */
    public static Map<String, List<Integer>> layers(JsonNode config, Weights weights) {
        var script = new Script(NetworkType.className(config), weights);
        NetworkType.read(config).describe(script);
        return script.layers();
    }

    private static AdaptableNetwork adaptable(
            Network network, JsonNode config, Weights weights, String part, ComputeTarget target) {
        return adaptable(network, load(network, config, weights, target), config, weights, part, target);
    }

    private static AdaptableNetwork adaptable(
            Network network, Executable plain, JsonNode config, Weights weights, String part, ComputeTarget target) {
        return new AdaptableNetwork(part, plain, layers -> {
            var script = described(network, config, weights, layers);
            var shapes = new LinkedHashMap<>(script.layers());
            shapes.keySet().retainAll(layers);
            return new AdaptableNetwork.Adapted(
                    backend(network.target(target)).loadBeside(plain, script), new Bank(part, shapes));
        });
    }

    static Executable load(Network network, JsonNode config, Weights weights, ComputeTarget target) {
        return backend(network.target(target)).load(described(network, config, weights));
    }

    /** A part of an IP-Adapter. */
    static Executable load(IpAdapter adapter, Network network, Weights weights, ComputeTarget target) {
        var script = new Script("IP-Adapter " + adapter, weights);
        network.describe(script);
        script.check(network::spare);
        return backend(target).load(script);
    }

    private static Script described(Network network, JsonNode config, Weights weights) {
        return described(network, config, weights, Set.of());
    }

    private static Script described(Network network, JsonNode config, Weights weights, Set<String> adapted) {
        var script = new Script(NetworkType.className(config), weights, adapted);
        network.describe(script);
        script.check(network::spare);
        return script;
    }

    static Backend backend(ComputeTarget target) {
        return switch (target.engine()) {
            case TORCH -> TorchBackend.on(target);
            case ONNX -> OnnxBackend.on(target);
        };
    }
}
