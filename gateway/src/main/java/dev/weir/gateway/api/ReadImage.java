package dev.weir.gateway.api;

import dev.weir.gateway.job.Attachment;

/** What reading an image of a request gave. Immutable. */
public sealed interface ReadImage {

    /** @param image without the name of its field */
    record Fine(Attachment image) implements ReadImage {}

    /**
     * It counts once a request uses the image.
     *
     * @param problem completes a sentence that starts with the field's name
     */
    record Refused(String code, String problem) implements ReadImage {}

    /** The bytes that it holds. */
    default long size() {
        return this instanceof Fine fine ? fine.image().bytes().length : 0;
    }
}
