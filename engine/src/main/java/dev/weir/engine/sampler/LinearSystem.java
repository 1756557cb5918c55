package dev.weir.engine.sampler;

/** A few linear equations, solved by elimination with partial pivoting in float32, as LAPACK does it. */
final class LinearSystem {

    private LinearSystem() {}

    /**
     * The solution of as many equations as unknowns.
     *
     * @param rows coefficients and then the right side; changed
     */
    static float[] solve(float[][] rows) {
        int count = rows.length;
        for (int column = 0; column < count; column++) {
            pivot(rows, column);
            for (int row = column + 1; row < count; row++) {
                float factor = rows[row][column] / rows[column][column];
                for (int i = column; i <= count; i++) {
                    rows[row][i] -= factor * rows[column][i];
                }
            }
        }
        float[] solution = new float[count];
        for (int row = count - 1; row >= 0; row--) {
            float rest = rows[row][count];
            for (int i = row + 1; i < count; i++) {
                rest -= rows[row][i] * solution[i];
            }
            solution[row] = rest / rows[row][row];
        }
        return solution;
    }

    private static void pivot(float[][] rows, int column) {
        int largest = column;
        for (int row = column + 1; row < rows.length; row++) {
            if (Math.abs(rows[row][column]) > Math.abs(rows[largest][column])) {
                largest = row;
            }
        }
        float[] swapped = rows[column];
        rows[column] = rows[largest];
        rows[largest] = swapped;
    }
}
