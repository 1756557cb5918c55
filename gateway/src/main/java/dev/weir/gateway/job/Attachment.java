package dev.weir.gateway.job;

import dev.weir.proto.Tensor;

/**
 * An image that a request brought: an init image, a mask. Immutable.
 *
 * @param name the field of the request, as {@code init_image}
 * @param bytes of the file, as it came
 */
public record Attachment(String name, String contentType, int width, int height, byte[] bytes) {

    private static final String PREFIX = "input/";

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
                .build();
    }

    Tensor toTensor() {
        return Tensor.ofBytes(port(name), bytes);
    }
}
