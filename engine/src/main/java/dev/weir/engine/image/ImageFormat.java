package dev.weir.engine.image;

/** File formats that pictures are written in. */
public enum ImageFormat {
    PNG("png", "image/png"),
    JPEG("jpeg", "image/jpeg"),
    WEBP("webp", "image/webp");

    private final String id;
    private final String mediaType;

    ImageFormat(String id, String mediaType) {
        this.id = id;
        this.mediaType = mediaType;
    }

    /** What requests call it. */
    public String id() {
        return id;
    }

    public String mediaType() {
        return mediaType;
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
