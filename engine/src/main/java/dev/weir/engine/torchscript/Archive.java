package dev.weir.engine.torchscript;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The archive of one module as {@code torch::jit::load} reads it: source text, a pickle of the module's attributes and
 * their storages, uncompressed. Every attribute is an empty tensor; the source's own methods fill them. Reads nothing:
 * Weir writes pickles and never opens one.
 */
final class Archive {

    /** Chooses the schemas of operators; newest that libtorch 2.7 accepts. */
    private static final String FORMAT_VERSION = "10\n";

    private static final byte[] EMPTY_TUPLE_PICKLE = {(byte) 0x80, 2, ')', '.'};

    private Archive() {}

    static byte[] of(String source, List<String> attributes) {
        var bytes = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(bytes)) {
            put(zip, "data.pkl", modulePickle(attributes));
            put(zip, "byteorder", ascii("little"));
            put(zip, "code/__torch__.py", source.getBytes(StandardCharsets.UTF_8));
            put(zip, "data/0", new byte[0]);
            put(zip, "constants.pkl", EMPTY_TUPLE_PICKLE);
            put(zip, "version", ascii(FORMAT_VERSION));
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }

    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        var crc = new CRC32();
        crc.update(content);
        var entry = new ZipEntry("network/" + name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(crc.getValue());
        entry.setTime(0);
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    /** An instance of class {@code M} whose attributes are all the same empty fp32 tensor. */
    private static byte[] modulePickle(List<String> attributes) {
        var pickle = new Pickle();
        pickle.global("__torch__", "M").code(")\u0081}(");
        for (var attribute : attributes) {
            pickle.text(attribute);
            // torch._utils._rebuild_tensor_v2(storage, offset 0, size (0,), stride (1,), requires_grad, hooks)
            pickle.global("torch._utils", "_rebuild_tensor_v2").code("((");
            pickle.text("storage").global("torch", "FloatStorage");
            pickle.text("0").text("cpu").integer(0).code("tQ");
            pickle.integer(0).code("(").integer(0).code("t(").integer(1).code("t\u0089");
            pickle.global("collections", "OrderedDict").code(")RtR");
        }
        return pickle.code("ub.").bytes();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
