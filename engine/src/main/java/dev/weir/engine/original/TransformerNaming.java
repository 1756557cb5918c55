package dev.weir.engine.original;

import dev.weir.engine.weights.WeightViews;
import java.util.List;

/** The tensors of a transformer in its original repository. */
public record TransformerNaming(TransformerLayers layers) implements Naming {

    private static final String POSITIONS = "pos_embed";
    private static final String SCALE = "scale";

    @Override
    public void add(String name, String original, WeightViews into) {
        if (layers.isUnread(name)) {
            return;
        }
        int end = name.lastIndexOf('.');
        List<String> own = end < 0 ? List.of() : layers.own(name.substring(0, end));
        if (own.isEmpty()) {
            into.add(name.equals(POSITIONS) ? "pos_embed.pos_embed" : name, original);
            return;
        }
        String kind = name.substring(end + 1);
        for (String layer : own) {
            String tensor = layer + "." + (kind.equals(SCALE) ? "weight" : kind);
            TransformerLayers.Piece piece = layers.original(layer).orElseThrow();
            if (piece.isSwapped()) {
                into.swapped(tensor, original);
            } else {
                into.parts(tensor, original, piece.first(), piece.end(), piece.of());
            }
        }
    }
}
