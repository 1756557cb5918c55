package dev.weir.engine.adapter;

import dev.weir.engine.ModelException;
import dev.weir.engine.adapter.IpAdapter.Kind;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.Sampling;
import dev.weir.engine.weights.Some;
import dev.weir.engine.weights.Weights;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Reads which kind of IP-Adapter a file is and whether it fits a model. Reads names and shapes, and samples of the numbers for its
 * fingerprint. Stateless; any thread.
 */
final class IpAdapterFile {

    private static final String PROJECTION = "image_proj.";
    private static final String ATTENTION = "ip_adapter.";
    private static final int HEX_DIGITS = 16;

    private IpAdapterFile() {}

    /**
     * Throws {@link ModelException} that names the file, and says why it does not fit the model.
     *
     * @param encoders the CLIP networks that there are, the nearest to the file first
     */
    static IpAdapter open(Path path, String name, ImageLayers layers, List<VisionFolder> encoders) {
        var file = SafetensorsFile.open(path);
        try {
            var kind = kind(file);
            requireFit(file, kind, layers);
            var encoder = encoder(file, kind, encoders);
            return new IpAdapter(name, fingerprint(file, encoder), kind, file, encoder.folder());
        } catch (ModelException e) {
            throw e.in(path);
        }
    }

    /** As diffusers tells them apart. */
    static Kind kind(Weights file) {
        if (file.names().stream().noneMatch(tensor -> tensor.startsWith(PROJECTION) || tensor.startsWith(ATTENTION))) {
            throw new ModelException("no IP-Adapter: it has " + Some.of(file.names(), "tensor"));
        }
        if (has(file, "proj.weight")) {
            return Kind.PLAIN;
        }
        if (has(file, "proj.3.weight")) {
            throw new ModelException(
                    "an IP-Adapter of the kind Full Face, which Weir does not run; it runs plain ones and Plus");
        }
        if (has(file, "perceiver_resampler.proj_in.weight") || has(file, "norm.weight")) {
            throw new ModelException(
                    "an IP-Adapter of the kind FaceID, which reads what a network for faces says of a picture; Weir has none");
        }
        if (has(file, "latents") && has(file, "proj_in.weight") && has(file, "proj_out.weight")) {
            return Kind.PLUS;
        }
        throw new ModelException("an IP-Adapter of an unknown kind; Weir runs plain ones and Plus");
    }

    private static boolean has(Weights file, String tensor) {
        return file.names().contains(PROJECTION + tensor);
    }

    private static void requireFit(Weights file, Kind kind, ImageLayers layers) {
        long width = kind == Kind.PLAIN ? side(file, "norm.weight", 0) : side(file, "proj_out.weight", 0);
        long own = file.names().stream()
                .filter(tensor -> tensor.startsWith(ATTENTION) && tensor.endsWith(".to_k_ip.weight"))
                .count();
        if (width != layers.width() || own != layers.layers().size()) {
            throw new ModelException(
                    "made for another kind of model: its tokens are %d wide for %d attentions, and the model's prompt is %d wide in %d"
                            .formatted(
                                    width, own, layers.width(), layers.layers().size()));
        }
        for (ImageLayers.Layer layer : layers.layers()) {
            for (String what : List.of("k", "v")) {
                String tensor = "%s%d.to_%s_ip.weight".formatted(ATTENTION, layer.number(), what);
                long[] shape = file.info(tensor).shape();
                if (!Arrays.equals(shape, new long[] {layer.channels(), layers.width()})) {
                    throw new ModelException("made for another kind of model: %s is %s, not [%d, %d]"
                            .formatted(tensor, Arrays.toString(shape), layer.channels(), layers.width()));
                }
            }
        }
    }

    private static long side(Weights file, String tensor, int axis) {
        long[] shape = file.info(PROJECTION + tensor).shape();
        if (shape.length <= axis) {
            throw new ModelException("%s%s is %s".formatted(PROJECTION, tensor, Arrays.toString(shape)));
        }
        return shape[axis];
    }

    private static VisionFolder encoder(Weights file, Kind kind, List<VisionFolder> encoders) {
        boolean plain = kind == Kind.PLAIN;
        long wanted = side(file, plain ? "proj.weight" : "proj_in.weight", 1);
        return encoders.stream()
                .filter(folder -> wanted == (plain ? folder.projection() : folder.width()))
                .findFirst()
                .orElseThrow(() -> new ModelException(
                        "it needs a CLIP image encoder whose %s is %d, in a folder image_encoder beside it; there %s"
                                .formatted(
                                        plain ? "projection_dim" : "hidden_size",
                                        wanted,
                                        encoders.isEmpty() ? "is none" : "are only " + encoders)));
    }

    private static String fingerprint(Weights file, VisionFolder encoder) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            Sampling.digest(file, digest);
            encoder.digest(digest);
            return HexFormat.of().formatHex(digest.digest()).substring(0, HEX_DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
