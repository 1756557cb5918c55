package dev.weir.engine.network;

/** A network's output for an input of any size, one tile after the other, from left to right and down. One thread owns it. See {@link Tiling}. */
final class BlendedTiles {

    private final int height;
    private final int width;
    private final int inTile;
    private final int outTile;
    private final Tiling.Part network;
    private Planes whole;
    private Planes[] above;
    private Planes[] row;
    private int top;
    private int column;

    /** @param outTile side of what the network makes of a tile with the side inTile */
    BlendedTiles(int height, int width, int inTile, int outTile, Tiling.Part network) {
        this.height = height;
        this.width = width;
        this.inTile = inTile;
        this.outTile = outTile;
        this.network = network;
        this.row = emptyRow();
    }

    private Planes[] emptyRow() {
        int step = Tiling.step(inTile);
        return new Planes[(width + step - 1) / step];
    }

    boolean areDone() {
        return top >= height;
    }

    void next() {
        int step = Tiling.step(inTile);
        int blend = Tiling.blend(outTile);
        Planes tile = network.run(top, column * step, inTile, inTile);
        row[column] = tile;
        if (above != null) {
            tile.blendBelow(above[column], blend);
        }
        if (column > 0) {
            tile.blendRightOf(row[column - 1], blend);
        }
        if (whole == null) {
            whole = new Planes(
                    tile.channels(), (int) ((long) height * outTile / inTile), (int) ((long) width * outTile / inTile));
        }
        int kept = outTile - blend;
        whole.put(tile, top / step * kept, column * kept, Math.min(kept, tile.height()), Math.min(kept, tile.width()));
        column++;
        if (column == row.length) {
            column = 0;
            top += step;
            above = row;
            row = emptyRow();
        }
    }

    /** When they are done. */
    Planes whole() {
        return whole;
    }
}
