package dev.weir.engine;

import dev.weir.engine.image.Bitmap;
import java.util.List;

/** Encodes pictures to embeddings. One device thread calls it. */
public interface ImageEncoder extends AutoCloseable {

    /** {@code image_embeds} of each picture, in order, in one forward pass. Pictures may have any size. */
    List<Tensors> encode(List<Bitmap> pictures);

    @Override
    void close();
}
