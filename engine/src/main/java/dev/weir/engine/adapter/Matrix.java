package dev.weir.engine.adapter;

/**
 * A matrix of fp32, row-major: the little algebra that factors need. Immutable.
 *
 * @param values {@code [rows, columns]}; nobody writes to them
 */
record Matrix(int rows, int columns, float[] values) {

    static Matrix identity(int size) {
        var values = new float[size * size];
        for (int i = 0; i < size; i++) {
            values[i * size + i] = 1;
        }
        return new Matrix(size, size, values);
    }

    Matrix transposed() {
        var turned = new float[values.length];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                turned[column * rows + row] = values[row * columns + column];
            }
        }
        return new Matrix(columns, rows, turned);
    }

    Matrix times(Matrix other) {
        var product = new float[rows * other.columns];
        for (int row = 0; row < rows; row++) {
            for (int k = 0; k < columns; k++) {
                float factor = values[row * columns + k];
                for (int column = 0; column < other.columns; column++) {
                    product[row * other.columns + column] += factor * other.values[k * other.columns + column];
                }
            }
        }
        return new Matrix(rows, other.columns, product);
    }

    Matrix times(float factor) {
        var scaled = values.clone();
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] *= factor;
        }
        return new Matrix(rows, columns, scaled);
    }

    /** Products of each two numbers in the same place. */
    Matrix hadamard(Matrix other) {
        var product = values.clone();
        for (int i = 0; i < product.length; i++) {
            product[i] *= other.values[i];
        }
        return new Matrix(rows, columns, product);
    }

    /** Each number of this matrix times the whole other one. */
    Matrix kronecker(Matrix other) {
        int width = columns * other.columns;
        var product = new float[rows * other.rows * width];
        for (int row = 0; row < rows * other.rows; row++) {
            for (int column = 0; column < width; column++) {
                product[row * width + column] = values[row / other.rows * columns + column / other.columns]
                        * other.values[row % other.rows * other.columns + column % other.columns];
            }
        }
        return new Matrix(rows * other.rows, width, product);
    }

    /** The products of each two columns, one of each matrix, of the same rows (Khatri-Rao). */
    Matrix columnPairs(Matrix other) {
        int width = columns * other.columns;
        var product = new float[rows * width];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < width; column++) {
                product[row * width + column] = values[row * columns + column / other.columns]
                        * other.values[row * other.columns + column % other.columns];
            }
        }
        return new Matrix(rows, width, product);
    }
}
