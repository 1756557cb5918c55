package dev.weir.gateway.job;

import com.google.protobuf.ByteString;
import dev.weir.proto.Tensor;
import java.util.List;

/**
 * An image that a request brought: an init image, a mask. Immutable.
 *
 * @param name the field of the request, as {@code init_image}
 * @param width of the upright image
 * @param sha256 of the file
 * @param bytes of the file, as it came
 */
public record Attachment(String name, String contentType, int width, int height, byte[] sha256, byte[] bytes) {

    private static final String PREFIX = "input/";

    /** A file that belongs to no field yet. */
    public static Attachment of(String contentType, int width, int height, byte[] bytes) {
        return new Attachment("", contentType, width, height, Sha256.of(bytes), bytes);
    }

    /** The file of what a job's record says. */
    public static Attachment of(dev.weir.proto.v1.Attachment said, byte[] bytes) {
        return new Attachment(
                said.getName(),
                said.getContentType(),
                said.getWidth(),
                said.getHeight(),
                said.getSha256().toByteArray(),
                bytes);
    }

    /** Of all together. */
    public static long bytes(List<Attachment> attachments) {
        return attachments.stream()
                .mapToLong(attachment -> attachment.bytes.length)
                .sum();
    }

    public Attachment named(String field) {
        return new Attachment(field, contentType, width, height, sha256, bytes);
    }

    /** The name of the tensor that a task carries to the stage that reads it. */
    public static String port(String name) {
        return PREFIX + name;
    }

    /** Without the bytes. */
    public dev.weir.proto.v1.Attachment toProto() {
        return dev.weir.proto.v1.Attachment.newBuilder()
                .setName(name)
                .setContentType(contentType)
                .setWidth(width)
                .setHeight(height)
                .setSha256(ByteString.copyFrom(sha256))
                .build();
    }

    Tensor toTensor() {
        return Tensor.ofBytes(port(name), bytes);
    }
}
