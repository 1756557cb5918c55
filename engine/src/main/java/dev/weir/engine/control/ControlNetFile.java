package dev.weir.engine.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import dev.weir.engine.original.ControlNetNaming;
import dev.weir.engine.original.Naming;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.Sampling;
import dev.weir.engine.weights.Weights;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Set;

/**
 * Reads a ControlNet or T2I-Adapter: a folder of diffusers, or a file with the names of diffusers or of the original repository. A file
 * has no configuration, so a ControlNet is taken for a copy of the way down of the model's own UNet. Stateless; any thread.
 */
final class ControlNetFile {

    static final String CONFIG = "config.json";
    /** The classes of diffusers' networks that it reads. */
    static final Set<String> CLASSES = Set.of("ControlNetModel", T2iAdapterFile.CLASS);

    private static final String PICTURE = "controlnet_cond_embedding.";
    private static final String ORIGINAL = "control_model.";
    private static final String HINT = "input_hint_block.";
    private static final int HEX_DIGITS = 16;

    private ControlNetFile() {}

    /** Throws {@link ModelException} that says what is wrong. */
    static ControlNet read(String name, Path place, ControlNetFolders.Fit fit) {
        if (Files.isDirectory(place)) {
            return net(name, place, JsonFile.read(place.resolve(CONFIG)), ComponentWeights.open(place));
        }
        SafetensorsFile file = SafetensorsFile.open(place);
        if (T2iAdapterFile.isOne(file)) {
            Weights weights = T2iAdapterFile.weights(place, file);
            return net(name, place, T2iAdapterFile.config(weights, fit.scale()), weights);
        }
        Weights weights = weights(place, file, fit.unet());
        return net(name, place, config(place, weights, fit.unet()), weights);
    }

    private static Weights weights(Path place, SafetensorsFile file, JsonNode unet) {
        String prefix = Naming.prefix(file, ORIGINAL);
        if (has(file, prefix + HINT)) {
            int layers = unet.path("layers_per_block").asInt(2);
            return ControlNetNaming.of(layers, file, prefix).of(place, file, prefix);
        }
        if (!has(file, PICTURE)) {
            throw new ModelException("it is no ControlNet and no T2I-Adapter: it has no tensors under %s, %s or body.0"
                    .formatted(HINT, PICTURE));
        }
        return Naming.SAME.of(place, file, "");
    }

    private static boolean has(SafetensorsFile file, String prefix) {
        return file.names().stream().anyMatch(tensor -> tensor.startsWith(prefix));
    }

    /** What diffusers' {@code ControlNetModel.from_unet} makes of a UNet's configuration. */
    private static JsonNode config(Path place, Weights weights, JsonNode unet) {
        ObjectNode config = unet.deepCopy();
        config.put("_class_name", "ControlNetModel");
        config.remove("time_cond_proj_dim");
        config.put("in_channels", side(weights, "conv_in.weight", 1));
        ArrayNode widths = config.putArray("conditioning_embedding_out_channels");
        widths.add(side(weights, PICTURE + "conv_in.weight", 0));
        for (int i = 1; weights.names().contains(halving(i)); i += 2) {
            widths.add(side(weights, halving(i), 0));
        }
        return config;
    }

    private static String halving(int index) {
        return PICTURE + "blocks." + index + ".weight";
    }

    static int side(Weights weights, String tensor, int axis) {
        long[] shape = weights.info(tensor).shape();
        if (axis >= shape.length || shape[axis] > Integer.MAX_VALUE) {
            throw new ModelException(tensor + " is no convolution's weight");
        }
        return (int) shape[axis];
    }

    private static ControlNet net(String name, Path place, JsonNode config, Weights weights) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(config.toString().getBytes(StandardCharsets.UTF_8));
            Sampling.digest(weights, digest);
            String fingerprint = HexFormat.of().formatHex(digest.digest()).substring(0, HEX_DIGITS);
            return new ControlNet(name, fingerprint, place, config, weights);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
