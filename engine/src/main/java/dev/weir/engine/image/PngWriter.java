package dev.weir.engine.image;

import dev.weir.engine.RgbImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOInvalidTreeException;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** PNG by the JDK's own writer, with text chunks: {@code tEXt} where Latin-1 holds the text, else {@code iTXt}. */
final class PngWriter {

    private static final String TREE = "javax_imageio_png_1.0";

    private PngWriter() {}

    static byte[] write(RgbImage image, Map<String, String> text) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
        var bytes = new ByteArrayOutputStream(image.pixels().length / 2);
        try (var output = new MemoryCacheImageOutputStream(bytes)) {
            var raster = Rasters.over(image);
            IIOMetadata metadata = writer.getDefaultImageMetadata(new ImageTypeSpecifier(raster), null);
            if (!text.isEmpty()) {
                metadata.mergeTree(TREE, tree(text));
            }
            writer.setOutput(output);
            writer.write(new IIOImage(raster, null, metadata));
        } catch (IIOInvalidTreeException e) {
            throw new IllegalArgumentException("not a PNG keyword: " + text.keySet(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    private static IIOMetadataNode tree(Map<String, String> text) {
        var latin = new IIOMetadataNode("tEXt");
        var international = new IIOMetadataNode("iTXt");
        text.forEach((keyword, value) -> {
            if (StandardCharsets.ISO_8859_1.newEncoder().canEncode(value)) {
                var entry = new IIOMetadataNode("tEXtEntry");
                entry.setAttribute("keyword", keyword);
                entry.setAttribute("value", value);
                latin.appendChild(entry);
            } else {
                var entry = new IIOMetadataNode("iTXtEntry");
                entry.setAttribute("keyword", keyword);
                entry.setAttribute("compressionFlag", "FALSE");
                entry.setAttribute("compressionMethod", "0");
                entry.setAttribute("languageTag", "");
                entry.setAttribute("translatedKeyword", "");
                entry.setAttribute("text", value);
                international.appendChild(entry);
            }
        });
        var root = new IIOMetadataNode(TREE);
        // An empty node would be an invalid tree.
        if (latin.hasChildNodes()) {
            root.appendChild(latin);
        }
        if (international.hasChildNodes()) {
            root.appendChild(international);
        }
        return root;
    }
}
