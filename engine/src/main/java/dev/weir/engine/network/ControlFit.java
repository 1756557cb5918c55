package dev.weir.engine.network;

import dev.weir.engine.Join;
import dev.weir.engine.ModelException;
import dev.weir.engine.NetworkInput;
import java.util.List;

/** Whether a ControlNet is of the family of a UNet. Stateless. */
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
