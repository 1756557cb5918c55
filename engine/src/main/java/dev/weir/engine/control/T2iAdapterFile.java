package dev.weir.engine.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ModelException;
import dev.weir.engine.original.Naming;
import dev.weir.engine.original.T2iAdapterNaming;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A T2I-Adapter in a file, with the names of diffusers or of the original repository. A file has no configuration, so that is told by the
 * tensors. Stateless; any thread.
 */
final class T2iAdapterFile {

    static final String CLASS = "T2IAdapter";

    private static final String BODY = "adapter.body.";

    private T2iAdapterFile() {}

    static boolean isOne(SafetensorsFile file) {
        return T2iAdapterNaming.isOf(file) || file.names().stream().anyMatch(name -> name.startsWith(BODY));
    }

    static Weights weights(Path place, SafetensorsFile file) {
        Naming naming = T2iAdapterNaming.isOf(file) ? T2iAdapterNaming.of(file) : Naming.SAME;
        return naming.of(place, file, "");
    }

    /**
     * What diffusers writes beside these weights. Throws {@link ModelException} where they are those of no adapter.
     *
     * @param scale by how much the sides of the model's latents are smaller than the picture's
     */
    static JsonNode config(Weights weights, int scale) {
        boolean isLight = weights.names().contains(BODY + "0.out_conv.weight");
        int levels = count(weights, BODY + "%d.resnets.0.block1.weight");
        // The last two levels of a light adapter have the same width, which its configuration has once.
        int widths = isLight ? levels - 1 : levels;
        ObjectNode config = JsonNodeFactory.instance.objectNode().put("_class_name", CLASS);
        ArrayNode channels = config.putArray("channels");
        for (int i = 0; i < widths; i++) {
            channels.add(side(weights, BODY + i + (isLight ? ".out_conv.weight" : ".resnets.0.block1.weight"), 0));
        }
        config.put("num_res_blocks", count(weights, BODY + "0.resnets.%d.block1.weight"));
        int parts = side(weights, isLight ? BODY + "0.in_conv.weight" : "adapter.conv_in.weight", 1);
        for (int reduction : List.of(scale, 2 * scale)) {
            for (int pictureChannels : List.of(1, 3)) {
                if (parts == pictureChannels * reduction * reduction) {
                    String full = reduction == scale ? "full_adapter" : "full_adapter_xl";
                    return config.put("adapter_type", isLight ? "light_adapter" : full)
                            .put("in_channels", pictureChannels)
                            .put("downscale_factor", reduction);
                }
            }
        }
        throw new ModelException(
                "it is a T2I-Adapter of another kind: its first layer takes %d channels, and not those of squares of %d or %d pixels"
                        .formatted(parts, scale, 2 * scale));
    }

    /** @param pattern of a name with a number */
    private static int count(Weights weights, String pattern) {
        return (int) IntStream.iterate(0, i -> i + 1)
                .takeWhile(i -> weights.names().contains(pattern.formatted(i)))
                .count();
    }

    private static int side(Weights weights, String tensor, int axis) {
        if (!weights.names().contains(tensor)) {
            throw new ModelException(tensor + " is missing");
        }
        return ControlNetFile.side(weights, tensor, axis);
    }
}
