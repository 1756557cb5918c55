package dev.weir.engine;

import java.util.List;

/** The network of a diffusion step (a UNet), without sampler or guidance. One device thread calls it. */
public interface Denoiser extends AutoCloseable {

    /**
     * One row of a forward pass.
     *
     * @param latent as the sampler scaled it for the network, {@code [in channels, height, width]}
     * @param timestep on the training schedule; need not be whole
     * @param context the prompt's states
     * @param classLabel the noise level of a conditional upsampler, or {@link #NO_CLASS}
     */
    record Row(float[] latent, float timestep, TextStates context, int classLabel) {}

    int NO_CLASS = -1;

    /**
     * The network's outputs for rows of one shape, {@code [out channels, height, width]} each, in the rows' order.
     *
     * @param input shape of each row's latent
     */
    List<float[]> predict(LatentShape input, List<Row> rows);

    int inChannels();

    int outChannels();

    /** The width of the text states that it attends to. */
    int contextWidth();

    @Override
    void close();
}
