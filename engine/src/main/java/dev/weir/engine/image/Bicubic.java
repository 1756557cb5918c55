package dev.weir.engine.image;

/**
 * A plane of numbers at another size, as {@code torch.nn.functional.interpolate(mode="bicubic", align_corners=False)} does it: from
 * four neighbours on each axis, of which those past an edge are the edge's, and without a wider filter for smaller sizes.
 */
final class Bicubic {

    private static final int TAPS = 4;
    private static final float A = -0.75f;

    private Bicubic() {}

    /** {@code [height, width]} to {@code [newHeight, newWidth]}. */
    static float[] resize(float[] plane, int width, int height, int newWidth, int newHeight) {
        Axis columns = Axis.of(width, newWidth);
        Axis rows = Axis.of(height, newHeight);
        float[] resized = new float[newWidth * newHeight];
        for (int y = 0; y < newHeight; y++) {
            for (int x = 0; x < newWidth; x++) {
                float sum = 0;
                for (int i = 0; i < TAPS; i++) {
                    int row = rows.source[y][i] * width;
                    float line = 0;
                    for (int j = 0; j < TAPS; j++) {
                        line += columns.weight[x][j] * plane[row + columns.source[x][j]];
                    }
                    sum += rows.weight[y][i] * line;
                }
                resized[y * newWidth + x] = sum;
            }
        }
        return resized;
    }

    /** For each new pixel of a row or column its old neighbours, and the share of each. */
    private record Axis(int[][] source, float[][] weight) {

        static Axis of(int length, int newLength) {
            Axis axis = new Axis(new int[newLength][TAPS], new float[newLength][TAPS]);
            float scale = (float) length / newLength;
            for (int i = 0; i < newLength; i++) {
                float place = scale * (i + 0.5f) - 0.5f;
                int before = (int) Math.floor(place);
                float share = place - before;
                for (int tap = 0; tap < TAPS; tap++) {
                    axis.source[i][tap] = Math.max(0, Math.min(length - 1, before - 1 + tap));
                    axis.weight[i][tap] = weight(Math.abs(share + 1 - tap));
                }
            }
            return axis;
        }

        private static float weight(float distance) {
            return distance <= 1
                    ? ((A + 2) * distance - (A + 3)) * distance * distance + 1
                    : ((A * distance - 5 * A) * distance + 8 * A) * distance - 4 * A;
        }
    }
}
