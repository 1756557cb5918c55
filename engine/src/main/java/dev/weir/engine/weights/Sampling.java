package dev.weir.engine.weights;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Feeds a component's tensors to a digest: names, types and shapes of all, and of their bytes everything up to {@value #WHOLE}
 * bytes, else {@value #SAMPLES} pieces at equal distances, as a checksum. How the tensors are spread over files does not matter. Stateless;
 * any thread.
 */
public final class Sampling {

    private static final long WHOLE = 16 << 20;
    private static final int SAMPLES = 256;
    private static final int PIECE = 64;

    private Sampling() {}

    public static void digest(Weights weights, MessageDigest digest) {
        List<TensorInfo> tensors =
                weights.names().stream().sorted().map(weights::info).toList();
        long total = 0;
        for (TensorInfo tensor : tensors) {
            digest.update("%s %s %s\n"
                    .formatted(tensor.name(), tensor.type(), Arrays.toString(tensor.shape()))
                    .getBytes(StandardCharsets.UTF_8));
            total += tensor.length();
        }
        // Some hundred times as fast as SHA-256 where the JVM does not optimize much; nobody is kept from forging a
        // model here.
        CRC32C checksum = new CRC32C();
        if (total <= WHOLE) {
            tensors.forEach(tensor -> checksum.update(weights.bytes(tensor.name())));
        } else {
            samples(weights, tensors, total, checksum);
        }
        digest.update(Long.toHexString(checksum.getValue()).getBytes(StandardCharsets.UTF_8));
    }

    /** Where a piece would reach into the next tensor, it ends with its own. */
    private static void samples(Weights weights, List<TensorInfo> tensors, long total, CRC32C checksum) {
        List<Long> places = new ArrayList<>();
        for (int i = 0; i < SAMPLES; i++) {
            places.add((total - 1) / (SAMPLES - 1) * i);
        }
        long start = 0;
        int next = 0;
        for (TensorInfo tensor : tensors) {
            for (; next < SAMPLES && places.get(next) < start + tensor.length(); next++) {
                ByteBuffer bytes = weights.bytes(tensor.name());
                int from = (int) (places.get(next) - start);
                checksum.update(bytes.position(from).limit((int) Math.min(from + PIECE, tensor.length())));
            }
            start += tensor.length();
        }
    }
}
