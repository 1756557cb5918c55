package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.engine.weights.SafetensorsFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** Recorded answers of the reference implementation: tensors of a safetensors file as float arrays. */
public final class ReferenceFile {

    private static final Path FOLDER = Path.of("src/test/resources/reference");

    private final SafetensorsFile file;

    private ReferenceFile(SafetensorsFile file) {
        this.file = file;
    }

    public static ReferenceFile open(String name) {
        return new ReferenceFile(SafetensorsFile.open(path(name)));
    }

    public static Path path(String name) {
        return FOLDER.resolve(name);
    }

    /** The list of cases beside the tensors. */
    public static JsonNode json(String name) {
        try {
            return new ObjectMapper().readTree(path(name).toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As close as networks and trajectories are to be: 1e-4 of the largest expected number, or of 1. */
    public static void requireClose(float[] ours, float[] theirs, String what) {
        requireClose(ours, theirs, 1e-4, what);
    }

    /** Holds the largest difference to a tolerance on the scale of what is expected. */
    public static void requireClose(float[] ours, float[] theirs, double tolerance, String what) {
        assertThat(ours).as(what).hasSameSizeAs(theirs);
        double scale = 1;
        double worst = 0;
        for (int i = 0; i < theirs.length; i++) {
            scale = Math.max(scale, Math.abs(theirs[i]));
            worst = Math.max(worst, Math.abs(ours[i] - theirs[i]));
        }
        assertThat(worst).as(what).isLessThanOrEqualTo(tolerance * scale);
    }

    public boolean has(String name) {
        return file.names().contains(name);
    }

    public float[] floats(String name) {
        float[] values = new float[file.bytes(name).remaining() / Float.BYTES];
        file.bytes(name).asFloatBuffer().get(values);
        return values;
    }

    public long[] longs(String name) {
        ByteBuffer bytes = file.bytes(name);
        long[] values = new long[bytes.remaining() / Long.BYTES];
        bytes.asLongBuffer().get(values);
        return values;
    }
}
