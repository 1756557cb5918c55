package dev.weir.engine;

import dev.weir.engine.image.Bitmap;
import java.util.List;

/** Encodes pictures to embeddings. One device thread calls it. */
public interface ImageEncoder extends AutoCloseable {

    /** {@code image_embeds} of each picture, in order, in one forward pass. Pictures may have any size. */
    List<Tensors> encode(List<Bitmap> pictures);

    /** What a diffusing stage is given of a picture that was encoded: the embedding, or its distribution with noise of a level. */
    default Tensors noised(Tensors embedding, int noiseLevel) {
        return embedding;
    }

    @Override
    void close();
}
