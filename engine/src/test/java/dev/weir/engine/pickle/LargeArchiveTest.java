package dev.weir.engine.pickle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.ReferenceFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Zip files over 4 GiB, as whole checkpoints with their EMA copies are. The file has room that costs no disk. */
class LargeArchiveTest {

    private static final long BEYOND = 5L << 30;
    private static final int IN_ZIP64 = -1;

    @TempDir
    Path folder;

    @Test
    void offsetsBeyond32BitsAreRead() throws IOException {
        Path original = ReferenceFile.path("pickles/plain.pth");
        Path large = folder.resolve("large.pth");
        try (FileChannel in = FileChannel.open(original, StandardOpenOption.READ);
                FileChannel out = FileChannel.open(
                        large, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            write(in, out);
        }

        PickledFile expected = PickledFile.open(original);
        PickledFile file = PickledFile.open(large);

        assertThat(file.names()).isEqualTo(expected.names()).isNotEmpty();
        for (String name : file.names()) {
            assertThat(file.bytes(name)).isEqualTo(expected.bytes(name));
        }
    }

    /** The first entry at the beginning, the others far behind it, and a directory in the form of zip64. */
    private static void write(FileChannel in, FileChannel out) throws IOException {
        var directory = new ByteArrayOutputStream();
        long at = 0;
        Map<String, Extent> entries = Archive.entries(in);
        for (Map.Entry<String, Extent> entry : entries.entrySet()) {
            byte[] name = entry.getKey().getBytes(StandardCharsets.UTF_8);
            ByteBuffer content =
                    Archive.read(in, entry.getValue().offset(), entry.getValue().length());
            ByteBuffer local = buffer(30 + name.length).putInt(0, 0x04034b50).putShort(26, (short) name.length);
            out.write(local.position(30).put(name).rewind(), at);
            out.write(content, at + 30 + name.length);
            ByteBuffer central = buffer(46 + name.length + 28)
                    .putInt(0, 0x02014b50)
                    .putInt(20, IN_ZIP64)
                    .putInt(24, IN_ZIP64)
                    .putShort(28, (short) name.length)
                    .putShort(30, (short) 28)
                    .putInt(42, IN_ZIP64);
            central.position(46).put(name).putShort((short) 1).putShort((short) 24);
            long length = entry.getValue().length();
            directory.writeBytes(
                    central.putLong(length).putLong(length).putLong(at).array());
            at = Math.max(BEYOND, at + 30 + name.length + length);
        }
        out.write(ByteBuffer.wrap(directory.toByteArray()), at);
        ByteBuffer end = buffer(56 + 20 + 22)
                .putInt(0, 0x06064b50)
                .putLong(40, directory.size())
                .putLong(48, at)
                .putInt(56, 0x07064b50)
                .putLong(64, at + directory.size())
                .putInt(76, 0x06054b50)
                .putInt(88, IN_ZIP64)
                .putInt(92, IN_ZIP64);
        out.write(end, at + directory.size());
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
