package dev.weir.client;

import com.fasterxml.jackson.annotation.JsonProperty;

/** The file format of an image. */
public enum ImageFormat {
    @JsonProperty("png")
    PNG("png", "png"),
    @JsonProperty("jpeg")
    JPEG("jpeg", "jpg");

    private final String wireName;
    private final String extension;

    ImageFormat(String wireName, String extension) {
        this.wireName = wireName;
        this.extension = extension;
    }

    String wireName() {
        return wireName;
    }

    /** The usual ending of a file name, without a dot. */
    public String extension() {
        return extension;
    }
}
