package dev.weir.engine.adapter;

import dev.weir.engine.original.TransformerLayers;
import java.util.List;

/**
 * The rows of a layer of a file that are a layer of the model: some trainers have one layer for several of diffusers. Immutable.
 *
 * @param first the first of so many equal parts of the rows
 * @param end the part after the last
 * @param isSwapped whether the halves of the rows are the other way round
 */
record LayerRows(int first, int end, int of, boolean isSwapped) {

    static final LayerRows ALL = new LayerRows(0, 1, 1, false);

    static LayerRows of(TransformerLayers.Piece piece) {
        return new LayerRows(piece.first(), piece.end(), piece.of(), piece.isSwapped());
    }

    /** The shape of the file's layer where the model's has this one. */
    List<Integer> whole(List<Integer> own) {
        return equals(ALL) ? own : List.of(own.get(0) / (end - first) * of, own.get(1));
    }

    /** The change of the model's layer in that of the file's. */
    LowRank of(LowRank whole) {
        if (equals(ALL)) {
            return whole;
        }
        int rows = whole.out() / of * (end - first);
        int start = whole.out() / of * first;
        int turn = isSwapped ? rows / 2 : 0;
        float[] up = new float[whole.rank() * rows];
        for (int rank = 0; rank < whole.rank(); rank++) {
            int from = rank * whole.out() + start;
            System.arraycopy(whole.up(), from + turn, up, rank * rows, rows - turn);
            System.arraycopy(whole.up(), from, up, rank * rows + rows - turn, turn);
        }
        return new LowRank(whole.rank(), whole.down(), up);
    }
}
