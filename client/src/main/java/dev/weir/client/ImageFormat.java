package dev.weir.client;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Arrays;

/** The file format of an image. */
public enum ImageFormat {
    @JsonProperty("png")
    PNG("png", "png"),
    @JsonProperty("jpeg")
    JPEG("jpeg", "jpg"),
    @JsonProperty("webp")
    WEBP("webp", "webp"),
    /** A cloud of points, of models that make those. */
    @JsonProperty("ply")
    PLY("ply", "ply");

    private final String wireName;
    private final String extension;

    ImageFormat(String wireName, String extension) {
        this.wireName = wireName;
        this.extension = extension;
    }

    /** {@link #PNG} where no format has the name. */
    static ImageFormat named(String wireName) {
        return Arrays.stream(values())
                .filter(format -> format.wireName.equals(wireName))
                .findFirst()
                .orElse(PNG);
    }

    String wireName() {
        return wireName;
    }

    /** The usual ending of a file name, without a dot. */
    public String extension() {
        return extension;
    }
}
