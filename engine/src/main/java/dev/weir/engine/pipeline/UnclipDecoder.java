package dev.weir.engine.pipeline;

import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentDistribution;
import dev.weir.engine.ModelException;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.NoiseLevelEmbedding;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.Component.Use;
import java.util.Arrays;
import java.util.List;

/**
 * The decoder of Stable Diffusion 2.1 unCLIP (Ramesh et al. 2022, arXiv 2204.06125): the network is told the embedding of a picture,
 * with noise of a level and that level, beside the timestep. Stateless; any thread. It does not make the embedding.
 */
final class UnclipDecoder {

    static final VisionPart.Noise NOISE = new VisionPart.Noise("image_normalizer", "image_noising_scheduler");
    static final float GUIDANCE = 10;

    private UnclipDecoder() {}

    /** The parts that add noise to an embedding. */
    static List<Component> noiseComponents() {
        return List.of(
                new Component(NOISE.normalizer(), Use.IMAGE_NORMALIZER, List.of(NOISE.schedule())),
                new Component(NOISE.schedule(), Use.NOISE_SCHEDULE));
    }

    static Field noiseLevel(PipelineIndex index) {
        return Field.noiseLevel(index.scheduler(NOISE.schedule()).trainTimesteps() - 1, 0);
    }

    /**
     * Throws {@link ModelException} naming the file and key, or the parts that do not fit.
     *
     * @param width of the embeddings
     * @param whose they are
     */
    static void requireFit(LatentModel model, int width, String whose) {
        var normalizer = model.config(NOISE.normalizer());
        LatentModel.require(normalizer, "embedding_dim", normalizer.count("embedding_dim", 768), width, whose);
        boolean isTold = Networks.inputs(model.unet().json()).stream()
                .anyMatch(input -> input.name().equals(Tensors.CLASS_LABELS)
                        && input.shape().equals(List.of(2 * width)));
        if (!isTold) {
            throw new ModelException(
                    ("%s: the UNet takes no class_labels of %d numbers, the picture's embedding and its noise level "
                                    + "(class_embed_type, projection_class_embeddings_input_dim)")
                            .formatted(model.unet().file(), 2 * width));
        }
    }

    /** The noise of the embedding is drawn first. The branch without the picture has zeros. */
    static Row begin(Begin begin, LatentDistribution noised) {
        int width = noised.mean().length;
        float[] embedding = noised.sample(begin.noise().normal(width));
        float[] told = Arrays.copyOf(embedding, 2 * width);
        float[] level = NoiseLevelEmbedding.of(begin.request().noiseLevel().orElse(0), width);
        System.arraycopy(level, 0, told, width, width);
        RowStart start = RowStart.fromNoise(begin.sampler(), begin.sample(), begin.noise());
        return new Row(begin.sampler(), start, begin.noise(), begin.guider(labels(told), labels(new float[2 * width])));
    }

    private static Tensors labels(float[] told) {
        return Tensors.of(Tensors.CLASS_LABELS, HostTensor.of(told, told.length));
    }
}
