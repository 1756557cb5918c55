package dev.weir.engine.pickle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.MutatedRead;
import dev.weir.engine.ReferenceFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pickles from strangers: whatever is done to a file, the reader says so and nothing worse. */
class PickledFuzzTest {

    /** Some seconds. {@code -Dweir.fuzz.mutations=100000} takes half a minute. */
    private static final int MUTATIONS = Integer.getInteger("weir.fuzz.mutations", 15_000);
    /** Of the small files here; what an exception's stack costs is in it. */
    private static final long ALLOWED_ALLOCATION = 1 << 20;

    private static final List<String> SPLICES = List.of(
            "(",
            ".",
            "0",
            "1",
            "2",
            "N",
            "]",
            "}",
            ")",
            "t",
            "l",
            "a",
            "e",
            "s",
            "u",
            "R",
            "b",
            "Q",
            "\u0081",
            "\u0085",
            "\u0087",
            "\u0094",
            "h\u0000",
            "h\u0001",
            "q\u0000",
            "K\u00ff",
            "J\u00ff\u00ff\u00ff\u00ff",
            "J\u00ff\u00ff\u00ff\u007f",
            "\u008a\u0008\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u007f",
            "cos\nsystem\n",
            "ctorch\nFloatStorage\n",
            "ctorch\nBoolStorage\n",
            "ccollections\nOrderedDict\n",
            "ctorch._utils\n_rebuild_tensor_v2\n",
            "X\u0003\u0000\u0000\u0000abc",
            "\u0000",
            "\u00ff");

    @TempDir
    Path folder;

    @Test
    void mutatedFilesAreReadOrRefused() throws IOException {
        List<byte[]> originals = originals();
        Random random = new Random(20_261_129);
        Path file = folder.resolve("fuzz.pth");
        int[] outcomes = new int[2];
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            Assertions.assertTimeoutPreemptively(Duration.ofMinutes(5), () -> {
                for (int i = 0; i < MUTATIONS; i++) {
                    int round = i;
                    byte[] mutated = mutate(originals.get(i % originals.size()), random);
                    channel.truncate(0).write(ByteBuffer.wrap(mutated), 0);
                    boolean isRead =
                            MutatedRead.succeeds(file, mutated, i, ALLOWED_ALLOCATION, () -> read(file, round));
                    outcomes[isRead ? 1 : 0]++;
                }
            });
        }
        assertThat(outcomes[0]).as("refused").isGreaterThan(MUTATIONS / 4);
        assertThat(outcomes[1]).as("read, as where a number changed").isGreaterThan(MUTATIONS / 100);
    }

    private static List<byte[]> originals() throws IOException {
        try (Stream<Path> files = Files.list(ReferenceFile.path("pickles"))) {
            List<byte[]> originals = new ArrayList<>();
            for (Path file : files.filter(path -> path.toString().matches(".*\\.(pt|pth|bin|ckpt)"))
                    .sorted()
                    .toList()) {
                originals.add(Files.readAllBytes(file));
            }
            return originals;
        }
    }

    private static void read(Path file, int round) {
        PickledFile read = PickledFile.open(file);
        // Each tensor is mapped, which takes longer than the rest.
        if (round % 10 == 0) {
            read.names().forEach(read::bytes);
        }
    }

    /** One to four changes: bits, bytes, instructions in place of others, insertions, cuts, and pieces that are moved. */
    private static byte[] mutate(byte[] original, Random random) {
        byte[] bytes = original.clone();
        for (int changes = 1 + random.nextInt(4); changes > 0 && bytes.length > 0; changes--) {
            int at = random.nextInt(bytes.length);
            byte[] piece = SPLICES.get(random.nextInt(SPLICES.size())).getBytes(StandardCharsets.ISO_8859_1);
            switch (random.nextInt(12)) {
                case 0, 1, 2 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 3, 4 -> bytes[at] = (byte) random.nextInt(256);
                case 5, 6, 7 -> System.arraycopy(piece, 0, bytes, at, Math.min(piece.length, bytes.length - at));
                case 8 -> bytes = splice(bytes, at, piece);
                case 9 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
                default -> {
                    int length = Math.min(bytes.length - at, random.nextInt(40));
                    System.arraycopy(bytes, random.nextInt(bytes.length - length + 1), bytes, at, length);
                }
            }
        }
        return bytes;
    }

    private static byte[] splice(byte[] bytes, int at, byte[] piece) {
        return ByteBuffer.allocate(bytes.length + piece.length)
                .put(bytes, 0, at)
                .put(piece)
                .put(bytes, at, bytes.length - at)
                .array();
    }
}
