package dev.weir.picture;

import dev.weir.picture.PictureFile.Colors;
import dev.weir.picture.PictureFile.Format;
import java.io.ByteArrayOutputStream;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Takes a JPEG apart into its segments. Colour profiles, thumbnails and comments are left out, and a marker says which colours
 * it has by libjpeg's rules. Decodes nothing. Confined to one thread.
 */
final class JpegFile {

    static final byte[] SIGNATURE = {(byte) 0xFF, (byte) 0xD8, (byte) 0xFF};

    /** Each costs a pass over the whole picture. Encoders write about ten. */
    private static final int MOST_SCANS = 100;

    /** Of all passes together: 20 of the largest pictures that are usual. */
    private static final long MOST_SCANNED_PIXELS = 400_000_000;

    private static final int SOI = 0xD8;
    private static final int EOI = 0xD9;
    private static final int SOS = 0xDA;
    private static final int DQT = 0xDB;
    private static final int DHT = 0xC4;
    private static final int DRI = 0xDD;
    private static final int JFIF = 0xE0;
    private static final int EXIF = 0xE1;
    private static final int ADOBE = 0xEE;

    private static final byte[] JFIF_SEGMENT = {
        (byte) 0xFF, (byte) JFIF, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0
    };
    private static final byte[] ADOBE_RGB_SEGMENT = {
        (byte) 0xFF, (byte) ADOBE, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0
    };

    private final byte[] file;
    private final Bytes bytes;
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private Orientation orientation = Orientation.UPRIGHT;
    private boolean hasJfif;
    private int adobeTransform = -1;
    private int width;
    private int height;
    private byte[] components = {};
    private int scans;

    private JpegFile(byte[] file) {
        this.file = file;
        this.bytes = new Bytes("JPEG", file, ByteOrder.BIG_ENDIAN);
    }

    static PictureFile of(byte[] file) {
        var jpeg = new JpegFile(file);
        jpeg.walk();
        return jpeg.found();
    }

    private void walk() {
        bytes.skip(2);
        int marker = marker();
        while (marker != EOI) {
            int start = bytes.at() - 2;
            int length = bytes.unsigned16() - 2;
            if (length < 0) {
                throw damaged();
            }
            var content = bytes.take(length);
            read(marker, content);
            if (marker == SOS) {
                requireFewScans(++scans);
                skipScan();
            }
            if (marker == SOS || marker == DQT || marker == DHT || marker == DRI || isFrame(marker)) {
                bytes.copy(start, bytes.at(), body);
            }
            marker = marker();
        }
        if (components.length == 0 || scans == 0) {
            throw damaged();
        }
    }

    private void requireFewScans(int count) {
        if (count > MOST_SCANS) {
            throw new PictureException("the JPEG has more than %d scans".formatted(MOST_SCANS));
        }
        long pixels = (long) width * height;
        if (count * pixels > MOST_SCANNED_PIXELS) {
            throw new PictureException("the JPEG has more than %d scans, too many for %dx%d pixels"
                    .formatted(MOST_SCANNED_PIXELS / pixels, width, height));
        }
    }

    /** The next marker; bytes of 0xFF may come before it. */
    private int marker() {
        if (bytes.unsigned8() != 0xFF) {
            throw damaged();
        }
        int marker;
        do {
            marker = bytes.unsigned8();
        } while (marker == 0xFF);
        return marker;
    }

    private void read(int marker, byte[] content) {
        if (marker == JFIF && Bytes.startWith(content, new byte[] {'J', 'F', 'I', 'F', 0})) {
            hasJfif = true;
        } else if (marker == EXIF && Bytes.startWith(content, new byte[] {'E', 'x', 'i', 'f', 0})) {
            orientation = Orientation.ofExif(content);
        } else if (marker == ADOBE && content.length >= 12 && Bytes.startWith(content, new byte[] {'A', 'd', 'o'})) {
            adobeTransform = content[11] & 0xFF;
        } else if (isFrame(marker)) {
            frame(content);
        } else if (isOtherFrame(marker)) {
            throw new PictureException(
                    "the JPEG is lossless, hierarchical or arithmetic-coded, which is not supported");
        }
    }

    /** Baseline, extended and progressive. */
    private static boolean isFrame(int marker) {
        return marker >= 0xC0 && marker <= 0xC2;
    }

    private static boolean isOtherFrame(int marker) {
        return marker > 0xC2 && marker <= 0xCF && marker != DHT;
    }

    private void frame(byte[] content) {
        int channels = content.length < 6 ? 0 : content[5] & 0xFF;
        if (components.length > 0 || content.length < 6 + 3 * channels) {
            throw damaged();
        }
        if (content[0] != 8) {
            throw new PictureException("the JPEG has %d bits a channel; 8 are supported".formatted(content[0] & 0xFF));
        }
        height = (content[1] & 0xFF) << 8 | content[2] & 0xFF;
        width = (content[3] & 0xFF) << 8 | content[4] & 0xFF;
        components = new byte[channels];
        for (int i = 0; i < components.length; i++) {
            components[i] = content[6 + 3 * i];
        }
        if (components.length != 1 && components.length != 3 && components.length != 4) {
            throw new PictureException(
                    "the JPEG has %d channels; 1, 3 and 4 are supported".formatted(components.length));
        }
    }

    /** To the next marker that is no part of a scan. */
    private void skipScan() {
        int at = bytes.at();
        while (at + 1 < file.length && !(file[at] == (byte) 0xFF && endsScan(file[at + 1] & 0xFF))) {
            at++;
        }
        bytes.skip((at + 1 < file.length ? at : file.length) - bytes.at());
    }

    private static boolean endsScan(int marker) {
        boolean restart = marker >= 0xD0 && marker <= 0xD7;
        return marker != 0 && marker != 0xFF && !restart;
    }

    private PictureFile found() {
        var plain = new ByteArrayOutputStream(body.size() + 32);
        plain.write(0xFF);
        plain.write(SOI);
        if (components.length == 1 || components.length == 3 && !isRgb()) {
            plain.writeBytes(JFIF_SEGMENT);
        } else if (components.length == 3) {
            plain.writeBytes(ADOBE_RGB_SEGMENT);
        }
        plain.writeBytes(body.toByteArray());
        plain.write(0xFF);
        plain.write(EOI);
        return new PictureFile(Format.JPEG, width, height, orientation, plain.toByteArray(), colors());
    }

    private Colors colors() {
        return components.length < 4 ? Colors.PLAIN : adobeTransform == 2 ? Colors.YCCK : Colors.CMYK;
    }

    /** libjpeg's rules for three channels without a profile. */
    private boolean isRgb() {
        if (hasJfif) {
            return false;
        }
        return adobeTransform < 0 ? Arrays.equals(components, new byte[] {'R', 'G', 'B'}) : adobeTransform == 0;
    }

    private static PictureException damaged() {
        return new PictureException("the JPEG is damaged: its segments do not follow one another");
    }
}
