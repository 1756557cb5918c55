package dev.weir.engine.weights;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.MutatedRead;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files from strangers: whatever is done to a header, the reader says so and nothing worse. */
class SafetensorsFuzzTest {

    private static final int MUTATIONS = 100_000;

    /** Of Jackson's tree and the reader's lists, in times the file's size; and what an exception's stack costs. */
    private static final long ALLOWED_ALLOCATION = 512 * 1024;

    private static final List<String> SPLICES = List.of(
            "-1",
            "0",
            "9223372036854775807",
            "9223372036854775808",
            "1e999",
            "null",
            "true",
            "{}",
            "[]",
            "[[[[",
            "\"F32\"",
            "\"F64\"",
            "\"\\ud800\"",
            "\u0000",
            "\u00ff",
            "\"__metadata__\":{},",
            "\"shape\":[2,2],",
            "{\"a\":",
            ",",
            ":",
            "}",
            "]",
            "\"",
            "0.5",
            "99999999999999999999999999999999");

    @TempDir
    Path folder;

    @Test
    void mutatedHeadersAreReadOrRefused() throws IOException {
        byte[] original = new SafetensorsWriter()
                .metadata("{\"format\":\"pt\"}")
                .floats("down_blocks.0.weight", 1, 2, 3, 4)
                .tensor("down_blocks.0.bias", WeightType.F16, new byte[4], 2)
                .tensor("position_ids", WeightType.I64, new byte[16], 1, 2)
                .bytes();
        Random random = new Random(20_240_607);
        Path file = folder.resolve("fuzz.safetensors");
        int[] outcomes = new int[2];
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            Assertions.assertTimeoutPreemptively(Duration.ofMinutes(5), () -> {
                for (int i = 0; i < MUTATIONS; i++) {
                    byte[] mutated = mutate(original, random);
                    channel.truncate(0).write(ByteBuffer.wrap(mutated), 0);
                    boolean isRead = MutatedRead.succeeds(
                            file, mutated, i, ALLOWED_ALLOCATION, () -> SafetensorsHeader.read(file, channel));
                    outcomes[isRead ? 1 : 0]++;
                }
            });
        }
        assertThat(outcomes[0]).as("refused").isGreaterThan(MUTATIONS / 2);
        assertThat(outcomes[1]).as("read, as where a name's letter changed").isPositive();
    }

    /** One to four changes: bits, bytes, splices, cuts, repeats, and every so often the length itself. */
    private static byte[] mutate(byte[] original, Random random) {
        byte[] bytes = original.clone();
        for (int changes = 1 + random.nextInt(4); changes > 0 && bytes.length > 0; changes--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(6)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt(256);
                case 2 -> bytes = splice(bytes, at, at, SPLICES.get(random.nextInt(SPLICES.size())));
                case 3 ->
                    bytes = splice(
                            bytes,
                            at,
                            Math.min(bytes.length, at + random.nextInt(12)),
                            SPLICES.get(random.nextInt(SPLICES.size())));
                case 4 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
                default -> {
                    if (bytes.length >= 8 && random.nextInt(3) == 0) {
                        ByteBuffer.wrap(bytes)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .putLong(0, random.nextLong() >> random.nextInt(64));
                    }
                }
            }
        }
        return bytes;
    }

    /** Replaces a range and sets the length anew where the change lies in the header, so that the JSON is reached. */
    private static byte[] splice(byte[] bytes, int from, int to, String text) {
        byte[] middle = text.getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(bytes.length - (to - from) + middle.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(bytes, 0, from)
                .put(middle)
                .put(bytes, to, bytes.length - to);
        if (from >= 8) {
            out.putLong(0, out.getLong(0) + middle.length - (to - from));
        }
        return out.array();
    }
}
