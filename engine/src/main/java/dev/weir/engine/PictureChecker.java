package dev.weir.engine;

import java.util.List;
import java.util.Optional;

/** Finds pictures that a model's publisher does not want shown. One device thread calls it. */
public interface PictureChecker extends AutoCloseable {

    /** Which of the pictures are flagged, in order, in one forward pass. Empty where the network's scores are not finite. */
    List<Optional<Boolean>> flags(List<RgbImage> pictures);

    @Override
    void close();
}
