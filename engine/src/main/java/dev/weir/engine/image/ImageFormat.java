package dev.weir.engine.image;

/** File formats that pictures are written in. */
public enum ImageFormat {
    PNG("png"),
    JPEG("jpeg"),
    WEBP("webp");

    private final String id;

    ImageFormat(String id) {
        this.id = id;
    }

    /** What requests call it. */
    public String id() {
        return id;
    }

    /** Throws {@link IllegalArgumentException} naming the formats where there is none of this id. */
    public static ImageFormat of(String id) {
        for (ImageFormat format : values()) {
            if (format.id.equals(id)) {
                return format;
            }
        }
        throw new IllegalArgumentException("unknown image format %s; known: png, jpeg, webp".formatted(id));
    }
}
