package dev.weir.picture;

import dev.weir.picture.PictureFile.Colors;
import dev.weir.picture.PictureFile.Format;
import java.io.ByteArrayOutputStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.zip.CRC32;

/**
 * Takes a PNG apart into its chunks. Text and profiles are left out: they may expand a thousand times. Decodes nothing.
 */
final class PngFile {

    static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

    private static final Set<String> OF_PIXELS = Set.of("IHDR", "PLTE", "tRNS", "IDAT", "IEND");
    private static final String HEADER = "IHDR";
    private static final String EXIF = "eXIf";
    private static final String END = "IEND";

    private PngFile() {}

    static PictureFile of(byte[] file) {
        var bytes = new Bytes("PNG", file, ByteOrder.BIG_ENDIAN);
        var plain = new ByteArrayOutputStream(file.length);
        plain.writeBytes(bytes.take(SIGNATURE.length));
        int width = 0;
        int height = 0;
        var orientation = Orientation.UPRIGHT;
        String name;
        do {
            int start = bytes.at();
            int length = bytes.signed32();
            name = new String(bytes.take(4), StandardCharsets.ISO_8859_1);
            if ((start == SIGNATURE.length) != name.equals(HEADER)) {
                throw new PictureException("the PNG is damaged: it does not begin with its only header");
            }
            if (name.equals(HEADER)) {
                width = bytes.signed32();
                height = bytes.signed32();
                bytes.skip(length - 8);
            } else if (name.equals(EXIF)) {
                orientation = Orientation.ofExif(bytes.take(length));
            } else {
                bytes.skip(length);
            }
            int sum = bytes.signed32();
            if (OF_PIXELS.contains(name)) {
                requireSum(file, start + 4, bytes.at() - 4, sum, name);
                bytes.copy(start, bytes.at(), plain);
            }
        } while (!name.equals(END));
        return new PictureFile(Format.PNG, width, height, orientation, plain.toByteArray(), Colors.PLAIN);
    }

    private static void requireSum(byte[] file, int from, int end, int sum, String name) {
        var crc = new CRC32();
        crc.update(file, from, end - from);
        if ((int) crc.getValue() != sum) {
            throw new PictureException("the PNG is damaged: its chunk %s has another checksum".formatted(name));
        }
    }
}
