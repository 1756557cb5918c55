package dev.weir.engine;

import dev.weir.engine.control.Steering;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.Parts;
import java.util.function.UnaryOperator;

/**
 * Opens the networks of a diffusing stage. Any thread.
 *
 * @param steering the kinds of networks that may steer them
 * @param seesImages whether IP-Adapters take part
 */
record NetworkParts(PipelineIndex index, ComputeTarget target, Steering steering, boolean seesImages) implements Parts {

    @Override
    public Denoiser denoiser(String network) {
        return index.load(
                network,
                (config, weights) -> Networks.denoiser(config.json(), weights, network, target, steering, seesImages));
    }

    @Override
    public Denoiser projected(String decoder, String projection) {
        return with(
                denoiser(decoder),
                plain -> index.load(
                        projection, (config, weights) -> Networks.projected(plain, config.json(), weights, target)));
    }

    @Override
    public Denoiser endingWith(String network, String last) {
        return with(denoiser(network), others -> Networks.endingWith(others, denoiser(last)));
    }

    /** A denoiser of a main stage that a classifier guides. */
    Denoiser guided(Denoiser denoiser, String classifier) {
        return with(
                denoiser,
                plain -> index.load(
                        classifier, (config, weights) -> Networks.guided(plain, config.json(), weights, target)));
    }

    /** Closes the first one, whose memory is native, where the second does not open. An error may say that memory is short. */
    private static Denoiser with(Denoiser first, UnaryOperator<Denoiser> second) {
        try {
            return second.apply(first);
        } catch (Throwable e) {
            first.close();
            throw e;
        }
    }
}
