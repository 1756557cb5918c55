package dev.weir.engine.network;

import dev.weir.engine.Join;
import dev.weir.engine.ModelException;
import dev.weir.engine.NetworkInput;
import java.util.List;
import java.util.stream.Collectors;

/** Whether a ControlNet or T2I-Adapter is of the family of a UNet. Stateless. */
final class ControlFit {

    private ControlFit() {}

    /** Throws {@link ModelException} that says what differs. */
    static void require(UNetConfig unet, LatentSpace latents, ControlNetModel net) {
        for (NetworkInput input : net.config().inputs()) {
            if (input.join() != Join.CONCAT && !unet.inputs().contains(input)) {
                throw new ModelException("it is for another family of models: it takes %s of %s, and this model %s"
                        .formatted(input.name(), input.shape(), taken(unet, input.name())));
            }
        }
        var own = ResidualShapes.of(unet);
        if (!net.shapes().equals(own)) {
            throw new ModelException(
                    "it is for another family of models: the channels of its levels are %s, and this model's are %s"
                            .formatted(channels(net.shapes()), channels(own)));
        }
        if (net.config().inChannels() != latents.channels()) {
            throw new ModelException("it takes %d channels, and this model's latents have %d"
                    .formatted(net.config().inChannels(), latents.channels()));
        }
        if (net.reduction() != latents.scale()) {
            throw new ModelException(
                    "it takes pictures %d times as large as latents, and this model's are %d times as large"
                            .formatted(net.reduction(), latents.scale()));
        }
    }

    /** The middle's image may be left out. Throws {@link ModelException} that says what differs. */
    static void require(UNetConfig unet, LatentSpace latents, T2iAdapterModel adapter) {
        var own = ResidualShapes.ofFeatures(unet).shapes();
        var given = adapter.shapes(latents.scale());
        if (!given.equals(own) && !given.equals(own.subList(0, own.size() - 1))) {
            throw new ModelException(
                    "it is a T2I-Adapter for another family of models: its results are %s, and this model takes %s"
                            .formatted(text(given, latents), text(own, latents)));
        }
    }

    /** Channels, and by how much the sides are smaller than the picture's. */
    private static String text(List<ResidualShapes.Shape> shapes, LatentSpace latents) {
        return shapes.stream()
                .map(shape -> "%d at 1/%d"
                        .formatted(shape.channels(), Math.round(latents.scale() * Math.pow(2, shape.halvings()))))
                .collect(Collectors.joining(", "));
    }

    private static String taken(UNetConfig unet, String name) {
        return unet.inputs().stream()
                .filter(input -> input.name().equals(name))
                .findFirst()
                .map(input -> "takes " + input.shape())
                .orElse("takes none");
    }

    private static List<Integer> channels(ResidualShapes shapes) {
        return shapes.shapes().stream().map(ResidualShapes.Shape::channels).toList();
    }
}
