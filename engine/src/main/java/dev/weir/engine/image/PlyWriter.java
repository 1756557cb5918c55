package dev.weir.engine.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Clouds of points as PLY files (Stanford), binary and little-endian. */
public final class PlyWriter {

    private static final int AXES = 3;

    private PlyWriter() {}

    /** @param points all first coordinates, then all second ones, then all third ones */
    public static byte[] write(float[] points) {
        int count = points.length / AXES;
        byte[] head =
                """
                ply
                format binary_little_endian 1.0
                element vertex %d
                property float x
                property float y
                property float z
                end_header
                """
                        .formatted(count)
                        .getBytes(StandardCharsets.US_ASCII);
        ByteBuffer file =
                ByteBuffer.allocate(head.length + Float.BYTES * points.length).order(ByteOrder.LITTLE_ENDIAN);
        file.put(head);
        for (int i = 0; i < count; i++) {
            for (int axis = 0; axis < AXES; axis++) {
                file.putFloat(points[axis * count + i]);
            }
        }
        return file.array();
    }
}
