package dev.weir.engine.network;

import java.util.List;

/**
 * What a configuration says of one level in one direction.
 *
 * @param next channels of the level after it
 * @param heads of blocks that take their number
 * @param headWidth of blocks that take their width
 * @param depths transformer blocks after each of the level's residual blocks
 * @param last whether no change of size follows
 */
record UNetLevel(
        BlockType type,
        int channels,
        int next,
        int heads,
        int headWidth,
        List<Integer> depths,
        boolean onlyCross,
        boolean last) {}
