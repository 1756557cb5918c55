package dev.weir.gateway.api;

import dev.weir.gateway.job.Attachment;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the images of a request: base64, data URLs, or files of a form. Checks their size before anything decodes them. Stateless. */
final class AttachmentReader {

    /** The fields that hold images. */
    static final Set<String> FIELDS = new TreeSet<>(List.of("init_image", "mask", "depth_map", "control_image"));

    /** OpenAI's names for them. */
    static final List<String> OPENAI = List.of("image", "image[]");

    private static final Pattern DATA_URL = Pattern.compile("data:[^,;]{0,100}(?:;[^,;]{1,100})*;base64,");
    private static final int URL_HEAD = 512;

    private final int maxBytes;
    private final long maxPixels;

    AttachmentReader(int maxBytes, long maxPixels) {
        this.maxBytes = maxBytes;
        this.maxPixels = maxPixels;
    }

    static boolean isImage(String field) {
        return FIELDS.contains(field) || OPENAI.contains(field);
    }

    List<Attachment> read(Fields fields) {
        List<Attachment> attachments = new ArrayList<>();
        for (String name : FIELDS) {
            Optional<byte[]> file =
                    fields.file(name).or(() -> fields.text(name).map(text -> decoded(fields, name, text)));
            file.ifPresent(bytes -> attachments.add(checked(fields, name, bytes)));
        }
        return attachments;
    }

    private byte[] decoded(Fields fields, String name, String text) {
        Matcher url = DATA_URL.matcher(text).region(0, Math.min(text.length(), URL_HEAD));
        String base64 = url.lookingAt() ? text.substring(url.end()) : text;
        if (base64.length() / 4L * 3 > maxBytes + 3L) {
            throw tooLarge(fields, name);
        }
        try {
            return Base64.getMimeDecoder().decode(requireBase64(fields, name, base64));
        } catch (IllegalArgumentException e) {
            throw notBase64(fields, name);
        }
    }

    /** The MIME decoder skips foreign characters, so that only line breaks may be among the digits. */
    private static String requireBase64(Fields fields, String name, String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean isDigit = c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9';
            if (!isDigit && "+/=\r\n".indexOf(c) < 0) {
                throw notBase64(fields, name);
            }
        }
        return text;
    }

    private static ApiException notBase64(Fields fields, String name) {
        return fields.invalid("invalid_image", name, "must be an image in base64, as it is or as a data URL");
    }

    private Attachment checked(Fields fields, String name, byte[] bytes) {
        if (bytes.length > maxBytes) {
            throw tooLarge(fields, name);
        }
        ImageHeader header = ImageHeader.of(bytes)
                .filter(head -> head.width() > 0 && head.height() > 0)
                .orElseThrow(() -> fields.invalid("invalid_image", name, "must be a PNG, JPEG or WebP file"));
        if ((long) header.width() * header.height() > maxPixels) {
            String problem = "has %d x %d pixels, and at most %d are allowed"
                    .formatted(header.width(), header.height(), maxPixels);
            throw fields.invalid("image_too_large", name, problem);
        }
        return new Attachment(name, header.contentType(), header.width(), header.height(), bytes);
    }

    private ApiException tooLarge(Fields fields, String name) {
        return fields.invalid("image_too_large", name, "is larger than %d bytes".formatted(maxBytes));
    }
}
