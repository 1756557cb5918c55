package dev.weir.engine;

import dev.weir.engine.image.Bitmap;
import java.util.List;

/** Encodes pictures to embeddings. One device thread calls it, except {@link #pixels}. */
public interface ImageEncoder extends AutoCloseable {

    /** The pixels that the network takes of a picture of any size. It uses no network; any thread. */
    float[] pixels(Bitmap picture);

    /** {@code image_embeds} of each picture, in order, in one forward pass. */
    List<Tensors> encode(List<float[]> pixels);

    /** {@code image_embeds} of a picture whose normalized pixels are zeros. */
    Tensors encodeZeros();

    /** What a diffusing stage is given of a picture that was encoded: the embedding, or its distribution with noise of a level. */
    default Tensors noised(Tensors embedding, int noiseLevel) {
        return embedding;
    }

    @Override
    void close();
}
