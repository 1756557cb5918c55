package dev.weir.engine.network;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.backend.Executable;

/** The network of an autoencoder: two methods of the names in {@link Codec}, and more where it has other ways to decode. */
interface Autoencoder extends Network {

    Codec codec();

    default ImageCodec runBy(Executable network, ComputeTarget target) {
        return new VaeCodec(network, codec(), Tiling.of(codec(), target), masked());
    }

    /** Whether it can decode beside a known picture. */
    default boolean masked() {
        return false;
    }

    /** Whether its images leave the range of fp16. */
    default boolean wideRange() {
        return false;
    }

    /** Where it runs: fp16 overflows in some autoencoders, which say so ({@code force_upcast}), and diffusers runs these in fp32. */
    @Override
    default ComputeTarget target(ComputeTarget wanted) {
        return wideRange() ? wanted.insteadOfFp16(Precision.FP32) : wanted;
    }
}
