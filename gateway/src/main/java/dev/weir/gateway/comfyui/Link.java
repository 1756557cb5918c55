package dev.weir.gateway.comfyui;

import java.util.List;
import java.util.Optional;

/**
 * The end of a link: an output of a node.
 *
 * @param slot the position among that node's outputs
 */
record Link(String node, int slot) {

    /** A list of two is a link, as {@code ["4", 1]}. Empty for a list that is none. */
    static Optional<Link> of(List<?> value) {
        return value.size() == 2 && value.get(0) instanceof String node && value.get(1) instanceof Integer slot
                ? Optional.of(new Link(node, slot))
                : Optional.empty();
    }
}
