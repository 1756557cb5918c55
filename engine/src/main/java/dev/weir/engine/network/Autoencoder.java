package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.graph.Script;
import java.util.Map;
import java.util.function.Function;

/** The network of an autoencoder: two methods of the names in {@link Codec}, and more where it has other ways to decode. */
interface Autoencoder {

    Map<String, Function<JsonNode, Autoencoder>> CLASSES = Map.of(
            AutoencoderKl.NAME, AutoencoderKl::read,
            AutoencoderKl.ASYMMETRIC, AutoencoderKl::readAsymmetric,
            AutoencoderTiny.NAME, AutoencoderTiny::read,
            VqModel.NAME, VqModel::read);

    Codec codec();

    void describe(Script script);

    /** Whether it can decode beside a known picture. */
    default boolean masked() {
        return false;
    }

    /** Whether its images leave the range of fp16. */
    default boolean wideRange() {
        return false;
    }

    /** Where it runs: fp16 overflows in some autoencoders, which say so ({@code force_upcast}), and diffusers runs these in fp32. */
    default ComputeTarget target(ComputeTarget wanted) {
        return wideRange() && wanted.precision() == Precision.FP16
                ? new ComputeTarget(wanted.device(), Precision.FP32, wanted.engine())
                : wanted;
    }
}
