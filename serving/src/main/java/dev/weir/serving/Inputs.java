package dev.weir.serving;

import com.google.protobuf.ByteString;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.PictureReader;
import dev.weir.engine.pipeline.Port;
import dev.weir.picture.PictureException;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Attachment;
import dev.weir.runtime.stage.Work;
import java.util.function.BiFunction;

/** Reads the pictures that a request brings. Stateless; any thread. */
public final class Inputs {

    private static final String FILES = "input/";

    private Inputs() {}

    /** Whether a tensor is a file of the request. */
    static boolean isFile(String tensor) {
        return tensor.startsWith(FILES);
    }

    /** The tensor of an attachment's file. */
    static String file(String attachment) {
        return FILES + attachment;
    }

    /** The digest of an attachment's file; empty if the task does not say it. */
    public static ByteString digest(Work work, String attachment) {
        return work.task().getGeneration().getAttachmentsList().stream()
                .filter(known -> known.getName().equals(attachment))
                .map(Attachment::getSha256)
                .findFirst()
                .orElse(ByteString.EMPTY);
    }

    /** The same of the attachment that comes to a stage at a port. */
    public static ByteString digest(Work work, Port port) {
        return digest(work, port.name().substring(FILES.length()));
    }

    /** Whether a task is to see pictures. */
    public static boolean areWanted(Work work) {
        return !work.isFrame() && work.stage().getGivesList().contains(Port.IMAGE.name());
    }

    /** The field of the request: {@code mask}, or {@code ip_adapters[0].images[1]}. */
    private static String field(String port) {
        String[] parts = port.split("/");
        return parts.length == 4 ? "%s[%s].images[%s]".formatted(parts[1], parts[2], parts[3]) : parts[1];
    }

    /** Throws {@link PictureException}, or an IllegalArgumentException that names what is missing. */
    public static Bitmap picture(Work work, Port port) {
        return read(work, port, PictureReader::read);
    }

    /** The same of what a reader makes of the file. */
    public static <T> T read(Work work, Port port, BiFunction<byte[], PictureReader.Limits, T> reader) {
        return read(work, port.name(), reader);
    }

    static <T> T read(Work work, String port, BiFunction<byte[], PictureReader.Limits, T> reader) {
        Tensor file = work.tensor(port);
        try {
            return reader.apply(file.toBytes(), PictureReader.Limits.DEFAULT);
        } catch (PictureException e) {
            throw new PictureException(field(port) + ": " + e.getMessage());
        }
    }
}
