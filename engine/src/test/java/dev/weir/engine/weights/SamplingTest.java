package dev.weir.engine.weights;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class SamplingTest {

    private static final Path CHECKPOINTS = Path.of("src/test/resources/reference/checkpoints");
    private static final int LARGE = 8 << 20;

    @Test
    void theFilesThatTensorsLieInDoNotMatter() throws Exception {
        assertThat(digest(ComponentWeights.open(CHECKPOINTS.resolve("variants/unet-sharded"))))
                .isEqualTo(digest(ComponentWeights.open(CHECKPOINTS.resolve("variants/unet-fp16"))));
        assertThat(digest(ComponentWeights.open(CHECKPOINTS.resolve("variants/unet-bf16"))))
                .isNotEqualTo(digest(ComponentWeights.open(CHECKPOINTS.resolve("sd1/unet"))));
    }

    @Test
    void anyNumberOfASmallComponentCounts() throws Exception {
        byte[] digest = digest(weights(1000, 1000));
        for (int place : new int[] {0, 1, 500, 1999}) {
            assertThat(digest(changed(place, 1, 1000, 1000))).as("at %d", place).isNotEqualTo(digest);
        }
    }

    @Test
    void aTrainingOfALargeComponentIsSeenAndSoIsAnotherShape() throws Exception {
        byte[] digest = digest(weights(LARGE, LARGE, LARGE));
        assertThat(digest(changed(0, 3 * LARGE, LARGE, LARGE, LARGE))).isNotEqualTo(digest);
        assertThat(digest(changed(LARGE, LARGE, LARGE, LARGE, LARGE)))
                .as("one tensor of three")
                .isNotEqualTo(digest);
        assertThat(digest(weights(LARGE, LARGE - 4, LARGE + 4))).isNotEqualTo(digest);
        assertThat(digest(weights(LARGE, LARGE, LARGE))).isEqualTo(digest);
    }

    @Test
    void tensorsSmallerThanADistanceAreNoTrouble() throws Exception {
        assertThat(digest(weights(3 * LARGE, 4, 4, 0, 4))).isNotEmpty();
    }

    private static byte[] digest(Weights weights) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        Sampling.digest(weights, digest);
        return digest.digest();
    }

    private static Weights weights(int... sizes) {
        return changed(0, 0, sizes);
    }

    /** Tensors of so many bytes, which are zero but for some of them, counted over all. */
    private static Weights changed(int from, int count, int... sizes) {
        Map<String, byte[]> tensors = new TreeMap<>();
        int start = 0;
        for (int i = 0; i < sizes.length; i++) {
            byte[] bytes = new byte[sizes[i]];
            for (int at = Math.max(from, start); at < Math.min(from + count, start + sizes[i]); at++) {
                bytes[at - start] = 1;
            }
            tensors.put("tensor " + i, bytes);
            start += sizes[i];
        }
        return new InMemory(tensors);
    }

    private record InMemory(Map<String, byte[]> tensors) implements Weights {

        @Override
        public Set<String> names() {
            return tensors.keySet();
        }

        @Override
        public TensorInfo info(String name) {
            long length = tensors.get(name).length;
            return new TensorInfo(name, WeightType.U8, new long[] {length}, Path.of("none"), 0, length);
        }

        @Override
        public void requireUnchanged() {
            // It is in memory.
        }

        @Override
        public void requireNotTruncated() {
            // It is in memory.
        }

        @Override
        public ByteBuffer bytes(String name) {
            return ByteBuffer.wrap(tensors.get(name)).order(ByteOrder.LITTLE_ENDIAN);
        }
    }
}
