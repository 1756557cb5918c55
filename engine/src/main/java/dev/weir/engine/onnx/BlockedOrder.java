package dev.weir.engine.onnx;

/**
 * The order in which ONNX Runtime's convolutions on blocks of channels read a kernel: blocks of outputs, blocks of inputs, rows,
 * columns, the inputs of a block, the outputs of a block. Immutable.
 *
 * @param block how many channels are side by side; divides inputs and outputs
 * @param area rows times columns
 */
record BlockedOrder(int block, int outputs, int inputs, int area) {

    /** How many numbers one block of outputs has, in the file's order and in the blocked one. */
    int perBlock() {
        return block * inputs * area;
    }

    /** Orders whole blocks of outputs. */
    void write(float[] kernel, float[] blocked) {
        int stride = inputs * area;
        int target = 0;
        for (int first = 0; first < kernel.length; first += perBlock()) {
            for (int inputBlock = 0; inputBlock < inputs; inputBlock += block) {
                for (int pixel = 0; pixel < area; pixel++) {
                    for (int in = 0; in < block; in++) {
                        int source = first + (inputBlock + in) * area + pixel;
                        for (int end = target + block; target < end; source += stride) {
                            blocked[target++] = kernel[source];
                        }
                    }
                }
            }
        }
    }
}
