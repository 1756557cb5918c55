package dev.weir.engine.inversion;

import dev.weir.engine.ModelException;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.Some;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Reads the vectors of a textual inversion: one tensor, as diffusers and stable-diffusion-webui write it, or {@code clip_l} and {@code
 * clip_g} for the two text encoders of SDXL. Stateless; any thread.
 */
final class EmbeddingFile {

    /** What stable-diffusion-webui calls every word. */
    private static final String NAMELESS = "emb_params";

    private static final List<String> OF_SDXL = List.of("clip_l", "clip_g");
    /** As many words as one row of CLIP has. */
    private static final int MOST_VECTORS = 75;

    private static final int HEX_DIGITS = 16;

    private EmbeddingFile() {}

    /**
     * Throws {@link ModelException} that names the file, and says why it does not fit the model.
     *
     * @param widths of the model's text encoders, by their folders
     */
    static Embedding read(Path path, String name, Map<String, Integer> widths) {
        SafetensorsFile file = SafetensorsFile.open(path);
        try {
            Set<String> tensors = new TreeSet<>(file.names());
            boolean ofSdxl = tensors.containsAll(OF_SDXL);
            if (!ofSdxl && tensors.size() != 1) {
                throw new ModelException("no textual inversion: it has " + Some.of(tensors, "tensor"));
            }
            List<String> chosen = ofSdxl ? OF_SDXL : List.copyOf(tensors);
            Map<String, List<float[]>> vectors = new LinkedHashMap<>();
            List<Integer> own = new ArrayList<>();
            for (String tensor : chosen) {
                own.add(width(file.info(tensor).shape()));
            }
            if (!own.equals(List.copyOf(widths.values()))) {
                throw new ModelException("it is for text encoders of the widths %s, and the model's have %s"
                        .formatted(own, widths.values()));
            }
            int next = 0;
            for (var part : widths.entrySet()) {
                vectors.put(part.getKey(), rows(file.floats(chosen.get(next++)), part.getValue()));
            }
            requireEqualCounts(vectors);
            String only = chosen.get(0);
            String token = ofSdxl || only.equals(NAMELESS) || only.isBlank() ? name : only;
            return new Embedding(name, token, fingerprint(file, chosen), vectors);
        } catch (ModelException e) {
            throw e.in(path);
        }
    }

    private static int width(long[] shape) {
        if (shape.length < 1 || shape.length > 2 || shape.length == 2 && (shape[0] < 1 || shape[0] > MOST_VECTORS)) {
            throw new ModelException(
                    "a tensor of %s is not 1 to %d vectors".formatted(Arrays.toString(shape), MOST_VECTORS));
        }
        return Math.toIntExact(shape[shape.length - 1]);
    }

    private static List<float[]> rows(float[] values, int width) {
        List<float[]> rows = new ArrayList<>();
        for (int from = 0; from < values.length; from += width) {
            rows.add(Arrays.copyOfRange(values, from, from + width));
        }
        return rows;
    }

    private static void requireEqualCounts(Map<String, List<float[]>> vectors) {
        if (vectors.values().stream().map(List::size).distinct().count() != 1) {
            throw new ModelException("it has different numbers of vectors for the text encoders");
        }
        if (vectors.values().stream().flatMap(List::stream).anyMatch(EmbeddingFile::isBroken)) {
            throw new ModelException("it has a number that is not finite");
        }
    }

    private static boolean isBroken(float[] values) {
        for (float value : values) {
            if (!Float.isFinite(value)) {
                return true;
            }
        }
        return false;
    }

    private static String fingerprint(SafetensorsFile file, List<String> tensors) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String tensor : tensors) {
                digest.update(tensor.getBytes(StandardCharsets.UTF_8));
                float[] values = file.floats(tensor);
                ByteBuffer bytes =
                        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                bytes.asFloatBuffer().put(values);
                digest.update(bytes);
            }
            return HexFormat.of().formatHex(digest.digest()).substring(0, HEX_DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
