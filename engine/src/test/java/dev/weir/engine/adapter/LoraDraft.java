package dev.weir.engine.adapter;

import dev.weir.engine.weights.SafetensorsWriter;
import dev.weir.engine.weights.WeightType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A LoRA file that a test writes. */
final class LoraDraft {

    private static final int WIDTH = 8;

    final SafetensorsWriter writer = new SafetensorsWriter();

    SafetensorsWriter floats(String name, float value, int... sides) {
        int size = 1;
        var shape = new long[sides.length];
        for (int i = 0; i < sides.length; i++) {
            size *= sides[i];
            shape[i] = sides[i];
        }
        var bytes = ByteBuffer.allocate(4 * size).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            bytes.putFloat(value);
        }
        return writer.tensor(name, WeightType.F32, bytes.array(), shape);
    }

    /** Factors for a layer of the tiny UNet. */
    void fitting(String layer, int rank) {
        floats(layer + ".lora_down.weight", 0.5f, rank, WIDTH);
        floats(layer + ".lora_up.weight", 2, WIDTH, rank);
    }

    void rankOne(String layer, int in, int out) {
        floats(layer + ".lora_down.weight", 1, 1, in);
        floats(layer + ".lora_up.weight", 1, out, 1);
    }
}
