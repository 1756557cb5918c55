package dev.weir.engine;

import java.util.List;

/** Finds pictures that a model's publisher does not want shown. One device thread calls it. */
public interface PictureChecker extends AutoCloseable {

    /** Which of the pictures are flagged, in order, in one forward pass. */
    List<Boolean> flags(List<RgbImage> pictures);

    @Override
    void close();
}
