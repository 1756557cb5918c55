package dev.weir.gateway.replicate;

import dev.weir.gateway.api.Fields;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Puts uploaded files in the place of their URLs. Immutable; any thread. */
final class FileReferences {

    private static final Pattern URL = Pattern.compile("(?i:https?)://.*");
    private static final Pattern UPLOAD = Pattern.compile(".*" + FileHandlers.PATH + "/([^/?#]+)(?:[?#].*)?");

    private final Map<String, UploadedFile> files;

    /** @param files of the caller, by id */
    FileReferences(Map<String, UploadedFile> files) {
        this.files = files;
    }

    /** @param input in Weir's names */
    Fields resolved(Fields input) {
        Fields resolved = input.withDeeperImages((path, value) -> image(input, path, value));
        for (String name : input.images()) {
            Object value = input.value(name);
            Object image = image(input, name, value);
            resolved = image == value ? resolved : resolved.with(name, image);
        }
        return resolved;
    }

    /** The file that a value names, or the value. */
    private Object image(Fields input, String name, Object value) {
        if (!(value instanceof String text) || !URL.matcher(text).matches()) {
            return value;
        }
        Matcher upload = UPLOAD.matcher(text);
        if (!upload.matches()) {
            throw input.invalid(
                    "invalid_value",
                    name,
                    "must be a data URL, or the URL of a file of /v1/files: others are not fetched");
        }
        UploadedFile file = files.get(upload.group(1));
        if (file == null) {
            throw input.invalid(
                    "invalid_value",
                    name,
                    "names a file that is not here: files are kept for an hour, by the gateway that took them");
        }
        return file.image();
    }
}
