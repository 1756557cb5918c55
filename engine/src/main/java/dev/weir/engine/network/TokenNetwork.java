package dev.weir.engine.network;

import dev.weir.engine.backend.Feed;
import dev.weir.engine.weights.Weights;
import java.util.List;

/** The part of an IP-Adapter that makes tokens, which a UNet attends to, of what CLIP sees in pictures. */
interface TokenNetwork extends Network {

    String FORWARD = "forward";

    /** The tensors of an adapter's file, under the network's names. */
    Weights weights(Weights file);

    /** @param views what CLIP gives for each picture */
    List<Feed> feeds(List<float[]> views);

    /** What CLIP gives for no picture, where it is not asked. */
    default List<float[]> nothing() {
        return List.of();
    }

    /** The tokens of one picture. */
    int tokens();

    /** Of a token. */
    int width();
}
