package dev.weir.engine;

import dev.weir.engine.image.FramePreview;

/** The codec of models whose samples are shown without a network. Immutable; any thread. */
public sealed interface DirectCodec extends ImageCodec permits Pixels, PointCloud {

    /** Frames of predicted samples. */
    FramePreview preview();
}
