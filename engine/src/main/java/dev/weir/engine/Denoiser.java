package dev.weir.engine;

import dev.weir.engine.adapter.IpAdapter;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.control.Control;
import dev.weir.engine.control.ControlNet;
import java.util.Collection;
import java.util.List;

/** The network of a diffusion step (a UNet), without sampler or guidance. One device thread calls it. */
public interface Denoiser extends AutoCloseable {

    /**
     * One row of a forward pass.
     *
     * @param sample as the sampler scaled it for the network, {@code [channels, height, width]}
     * @param timestep on the training schedule; need not be whole
     * @param inputs the tensors of {@link #inputs()}, by name
     * @param loras that change the network for this row alone
     * @param controls that steer this row
     */
    record Row(float[] sample, float timestep, Tensors inputs, List<WeightedLora> loras, List<Control> controls) {

        /** A row that nothing steers. */
        public Row(float[] sample, float timestep, Tensors inputs, List<WeightedLora> loras) {
            this(sample, timestep, inputs, loras, List.of());
        }

        /** A row without LoRAs. */
        public Row(float[] sample, float timestep, Tensors inputs) {
            this(sample, timestep, inputs, List.of());
        }
    }

    /** Prepares for rows with these LoRAs, which may take as long as loading the network. */
    default void expect(Collection<Lora> loras) {}

    /**
     * Reads the LoRAs of a row before its forward.
     *
     * @param needed by all rows of that forward
     * @throws ModelException that names a file that cannot be read
     */
    default void load(List<WeightedLora> loras, Collection<Lora> needed) {}

    /**
     * Loads the ControlNets of a row before its forward.
     *
     * @param needed by all rows of that forward
     * @throws ModelException that names a file that cannot be read
     */
    default void loadControls(Collection<ControlNet> own, Collection<ControlNet> needed) {}

    /** Prepares for rows with images, which may take as long as loading the network. */
    default void expectImages() {}

    /**
     * What a row of this network attends to of images: the input {@code ip_adapter_0} of the first adapter, and so on. It is the same
     * in all steps of a sample.
     *
     * @param scale by which the images count
     * @param tokens of {@link ImagePrompter}
     * @throws ModelException that names a file that cannot be read
     */
    default HostTensor attended(IpAdapter adapter, float scale, HostTensor tokens) {
        throw new IllegalArgumentException("this network does not attend to images");
    }

    /**
     * What each row needs besides its sample and timestep, except that rows without more channels have no CONCAT input, and rows without
     * images have no OPTIONAL ones.
     */
    List<NetworkInput> inputs();

    /**
     * The network's outputs for rows of one shape and one {@link Signature}, {@code [out channels, height, width]} each, in the
     * rows' order.
     *
     * @param sample shape of each row's sample, without the channels of a CONCAT input
     */
    List<float[]> predict(LatentShape sample, List<Row> rows);

    /** Timesteps at which rows run each of its networks: one, unless another network makes some of the steps. */
    default List<Float> timesteps() {
        return List.of(NoiseRow.TIMESTEP);
    }

    /** Whether its samples are vectors: of one pixel. */
    default boolean isOfVectors() {
        return false;
    }

    /** What a sample stands for whose run has ended, for the stages that follow. A network of vectors takes several in one. */
    default float[] finished(float[] sample) {
        return sample;
    }

    /** The channels of the sample and of what goes beside it. */
    int inChannels();

    int outChannels();

    @Override
    void close();
}
