package dev.weir.serving;

import dev.weir.engine.Denoiser;
import dev.weir.engine.Finite;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelCard;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.NoiseRow;
import dev.weir.engine.Signature;
import dev.weir.engine.Tensors;
import dev.weir.engine.image.LatentPreview;
import dev.weir.engine.sampler.SchedulerConfig;
import dev.weir.proto.v1.Stage;
import dev.weir.serving.plan.BatchKey;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * The part of a model that a diffusion stage needs.
 *
 * @param nativeShape of the samples at the model's native size, {@code [channels, height, width]}
 * @param preview the matrix from latents to RGB, if the model has one
 */
public record DiffusionPart(
        ModelCard card,
        Denoiser network,
        SchedulerConfig schedule,
        LatentShape nativeShape,
        Optional<LatentPreview> preview)
        implements AutoCloseable {

    private static final int TEST_SEED = 1;
    private static final int TEST_TOKENS = 8;

    /** Of the latents of a stage that runs this part. */
    public LatentShape shape(Stage stage) {
        return new LatentShape(
                card.latentChannels(), stage.getHeight() / card.scale(), stage.getWidth() / card.scale());
    }

    /** A row of noise at the native size, as real ones begin. */
    private Denoiser.Row testRow() {
        return NoiseRow.of(network, nativeShape, TEST_TOKENS, TEST_SEED);
    }

    /** What rows at the native size have in common. */
    BatchKey nativeKey() {
        return key(nativeShape, List.of(testRow().inputs()));
    }

    /**
     * What the rows of a sample have in common with others that may share their forward pass.
     *
     * @param branches the inputs of each of its network rows
     * @throws IllegalArgumentException that names an input that the network lacks or does not take
     */
    BatchKey key(LatentShape sample, List<Tensors> branches) {
        branches.forEach(branch -> NetworkInput.require(network.inputs(), branch));
        List<Signature> signatures = branches.stream()
                .map(branch -> Signature.of(branch, network.inputs()))
                .distinct()
                .toList();
        if (signatures.size() != 1) {
            throw new IllegalArgumentException("the branches of a sample have different inputs: " + signatures);
        }
        return new BatchKey(card.id(), sample, signatures.get(0));
    }

    /** Runs the network on so many rows of noise, and says whether all that it gives is finite. */
    boolean isFinite(int rows) {
        return network.predict(nativeShape, Collections.nCopies(rows, testRow())).stream()
                .allMatch(Finite::all);
    }

    @Override
    public void close() {
        network.close();
    }
}
