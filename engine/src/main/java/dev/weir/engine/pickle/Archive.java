package dev.weir.engine.pickle;

import dev.weir.engine.ModelException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where the entries of a zip file lie, with zip64 as files over 4 GiB have it (PKWARE APPNOTE 6.3). Java's own reader does not say
 * where an entry's bytes are. PyTorch stores them as they are, so they can be mapped; compressed entries are refused. Stateless.
 */
final class Archive {

    private static final int END_BYTES = 22;
    private static final int END = 0x06054b50;
    private static final int END64_LOCATOR = 0x07064b50;
    private static final int END64_LOCATOR_BYTES = 20;
    private static final int END64 = 0x06064b50;
    private static final int END64_BYTES = 56;
    private static final int ENTRY = 0x02014b50;
    private static final int ENTRY_BYTES = 46;
    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_BYTES = 30;
    private static final int MOST_COMMENT = 0xffff;
    private static final long IN_ZIP64 = 0xffffffffL;
    private static final int MOST_DIRECTORY_BYTES = 32 << 20;

    /** Where TorchScript has its code, which it compresses. */
    private static final String PROGRAM = "/code/__torch__";

    private final FileChannel channel;
    private final Map<String, Extent> entries = new LinkedHashMap<>();

    private Archive(FileChannel channel) {
        this.channel = channel;
    }

    static boolean isOne(FileChannel channel) throws IOException {
        return channel.size() >= END_BYTES && read(channel, 0, Integer.BYTES).getInt(0) == LOCAL;
    }

    /** By name. Throws {@link ModelException} where the file is damaged. */
    static Map<String, Extent> entries(FileChannel channel) throws IOException {
        Archive archive = new Archive(channel);
        archive.readDirectory();
        return archive.entries;
    }

    static ByteBuffer read(FileChannel channel, long offset, long length) throws IOException {
        if (offset < 0 || length < 0 || length > Integer.MAX_VALUE || offset > channel.size() - length) {
            throw damaged("it says that something lies after its end");
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) length).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, offset + bytes.position()) < 0) {
                throw new EOFException("the file became shorter while it was read");
            }
        }
        return bytes.flip();
    }

    private static ModelException damaged(String what) {
        return new ModelException("the file is damaged: " + what);
    }

    private void readDirectory() throws IOException {
        long tailStart = Math.max(0, channel.size() - END_BYTES - MOST_COMMENT);
        ByteBuffer tail = read(channel, tailStart, channel.size() - tailStart);
        int end = tail.limit() - END_BYTES;
        while (end >= 0 && tail.getInt(end) != END) {
            end--;
        }
        if (end < 0) {
            throw damaged("it has no directory of its entries. A download that was not finished looks so");
        }
        long bytes = Integer.toUnsignedLong(tail.getInt(end + 12));
        long start = Integer.toUnsignedLong(tail.getInt(end + 16));
        long locator = tailStart + end - END64_LOCATOR_BYTES;
        ByteBuffer before = locator < 0 ? null : read(channel, locator, END64_LOCATOR_BYTES);
        if (before != null && before.getInt(0) == END64_LOCATOR) {
            ByteBuffer end64 = read(channel, before.getLong(8), END64_BYTES);
            if (end64.getInt(0) != END64) {
                throw damaged("its directory's end is not where it should be");
            }
            bytes = end64.getLong(40);
            start = end64.getLong(48);
        }
        if (bytes > MOST_DIRECTORY_BYTES) {
            throw new ModelException(
                    "a directory of %d bytes is over the limit of %d".formatted(bytes, MOST_DIRECTORY_BYTES));
        }
        ByteBuffer directory = read(channel, start, bytes);
        while (directory.hasRemaining()) {
            readEntry(directory);
        }
    }

    private void readEntry(ByteBuffer directory) throws IOException {
        int at = directory.position();
        if (directory.remaining() < ENTRY_BYTES || directory.getInt(at) != ENTRY) {
            throw damaged("its directory has something else than entries");
        }
        int nameBytes = Short.toUnsignedInt(directory.getShort(at + 28));
        int extraBytes = Short.toUnsignedInt(directory.getShort(at + 30));
        int commentBytes = Short.toUnsignedInt(directory.getShort(at + 32));
        int next = at + ENTRY_BYTES + nameBytes + extraBytes + commentBytes;
        if (next > directory.limit()) {
            throw damaged("an entry of its directory is cut");
        }
        byte[] name = new byte[nameBytes];
        directory.get(at + ENTRY_BYTES, name);
        String entry = new String(name, StandardCharsets.UTF_8);
        if (directory.getShort(at + 10) != 0 || (directory.getShort(at + 8) & 1) != 0) {
            if (entry.contains(PROGRAM)) {
                throw Contents.program();
            }
            throw new ModelException(
                    "its entry %s is compressed or encrypted, which PyTorch never writes".formatted(entry));
        }
        ByteBuffer extra =
                directory.slice(at + ENTRY_BYTES + nameBytes, extraBytes).order(ByteOrder.LITTLE_ENDIAN);
        long stored = Integer.toUnsignedLong(directory.getInt(at + 20));
        long whole = Integer.toUnsignedLong(directory.getInt(at + 24));
        long local = Integer.toUnsignedLong(directory.getInt(at + 42));
        ByteBuffer wide = zip64(extra);
        whole = whole == IN_ZIP64 ? wide(wide) : whole;
        stored = stored == IN_ZIP64 ? wide(wide) : stored;
        local = local == IN_ZIP64 ? wide(wide) : local;
        if (stored != whole) {
            throw damaged("its entry %s has two lengths".formatted(entry));
        }
        entries.put(entry, contents(local, stored));
        directory.position(next);
    }

    /** The extra field with the numbers that do not fit into 32 bits; empty where there is none. */
    private static ByteBuffer zip64(ByteBuffer extra) {
        while (extra.remaining() >= 4) {
            int kind = Short.toUnsignedInt(extra.getShort());
            int length = Math.min(Short.toUnsignedInt(extra.getShort()), extra.remaining());
            if (kind == 1) {
                return extra.slice(extra.position(), length).order(ByteOrder.LITTLE_ENDIAN);
            }
            extra.position(extra.position() + length);
        }
        return ByteBuffer.allocate(0);
    }

    private static long wide(ByteBuffer field) {
        if (field.remaining() < Long.BYTES) {
            throw damaged("an entry of its directory has no length");
        }
        return field.getLong();
    }

    private Extent contents(long local, long length) throws IOException {
        ByteBuffer header = read(channel, local, LOCAL_BYTES);
        if (header.getInt(0) != LOCAL) {
            throw damaged("an entry is not where its directory says");
        }
        long start = local
                + LOCAL_BYTES
                + Short.toUnsignedInt(header.getShort(26))
                + Short.toUnsignedInt(header.getShort(28));
        if (length < 0 || start > channel.size() - length) {
            throw damaged("it ends before an entry does. A download that was not finished looks so");
        }
        return new Extent(start, length);
    }
}
