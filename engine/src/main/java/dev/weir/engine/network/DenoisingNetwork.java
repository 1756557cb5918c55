package dev.weir.engine.network;

import dev.weir.engine.Denoiser;
import dev.weir.engine.ModelException;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.adapter.ImageLayers;
import dev.weir.engine.control.Steering;
import java.util.List;

/** A network that makes a step of a diffusion: it has the method {@link NetworkDenoiser#FORWARD}. */
interface DenoisingNetwork extends Network {

    /** What it takes besides the sample and the timestep, in the order of its method's inputs. */
    List<NetworkInput> inputs();

    /** Channels of its images that have the sample's size. */
    int width();

    /** Places of its images, or tokens of its sequence, for a sample of so many pixels. */
    default long places(long pixels) {
        return pixels;
    }

    /** The same network, whose attentions to the prompt also see images. Only networks with {@link ImageLayers} have one. */
    default DenoisingNetwork seeing(ImagePrompts prompts) {
        throw new IllegalArgumentException("the network has no attention for images");
    }

    Denoiser runBy(AdaptableNetwork network);

    /** Whether ControlNets and T2I-Adapters may steer it. */
    default boolean isSteerable() {
        return false;
    }

    /**
     * The same network, which ControlNets and T2I-Adapters may steer.
     *
     * @param kinds of those that may
     * @param opener loads them
     * @throws ModelException where they cannot
     */
    default DenoisingNetwork controlledBy(Steering kinds, ControlBank.Opener opener) {
        throw new ModelException("this network is not steered by ControlNets");
    }
}
