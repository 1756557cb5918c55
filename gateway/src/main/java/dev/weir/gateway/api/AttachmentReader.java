package dev.weir.gateway.api;

import dev.weir.gateway.api.ReadImage.Fine;
import dev.weir.gateway.api.ReadImage.Refused;
import dev.weir.gateway.job.Attachment;
import dev.weir.picture.PictureException;
import dev.weir.picture.PictureFile;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the images of a request: base64, data URLs, or files of a form. Takes their files apart and checks their size; nothing is
 * decoded. Stateless; any thread. A large image takes about 0.1 s.
 */
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
        return FIELDS.contains(field) || OPENAI.contains(field) || ControlImages.is(field);
    }

    /** The same fields, whose images are read. */
    Fields read(Fields fields) {
        Fields read = fields;
        for (String name : fields.names()) {
            if (isImage(name)) {
                Optional<ReadImage> image = fields.image(name, this);
                read = image.isPresent() ? read.with(name, image.get()) : read;
            }
        }
        return IpAdapterImages.map(
                read, (path, value) -> readValue(value).map(Object.class::cast).orElse(value));
    }

    /** Of an image that has been read, a file or base64; empty for anything else. */
    Optional<ReadImage> readValue(Object value) {
        if (value instanceof ReadImage image) {
            return Optional.of(image);
        }
        if (value instanceof byte[] file) {
            return Optional.of(read(file));
        }
        return value instanceof String text ? Optional.of(read(text)) : Optional.empty();
    }

    /** The images, read now if they are not yet. Throws {@link ApiException} about the first that is refused. */
    List<Attachment> attachments(Fields fields) {
        List<Attachment> attachments = new ArrayList<>();
        for (String name : fields.images()) {
            fields.image(name, this)
                    .ifPresent(
                            image -> attachments.add(fine(fields, name, image).named(name)));
        }
        attachments.addAll(ofIpAdapters(fields));
        return attachments;
    }

    private List<Attachment> ofIpAdapters(Fields fields) {
        List<Attachment> attachments = new ArrayList<>();
        List<Fields> adapters = fields.objects(IpAdapterImages.FIELD, Integer.MAX_VALUE);
        for (int i = 0; i < adapters.size(); i++) {
            List<?> images = adapters.get(i).list(IpAdapterImages.IMAGES);
            for (int j = 0; j < images.size(); j++) {
                String path = IpAdapterImages.path(i, j);
                ReadImage image = readValue(images.get(j))
                        .orElseThrow(() -> fields.invalid("invalid_type", path, "must be an image"));
                attachments.add(fine(fields, path, image).named(IpAdapterImages.attachment(i, j)));
            }
        }
        return attachments;
    }

    private static Attachment fine(Fields fields, String name, ReadImage image) {
        if (image instanceof Refused refused) {
            throw fields.invalid(refused.code(), name, refused.problem());
        }
        return ((Fine) image).image();
    }

    /** @param text base64, or a data URL */
    ReadImage read(String text) {
        Matcher url = DATA_URL.matcher(text).region(0, Math.min(text.length(), URL_HEAD));
        String base64 = url.lookingAt() ? text.substring(url.end()) : text;
        if (base64.length() / 4L * 3 > maxBytes + 3L) {
            return tooLarge();
        }
        try {
            return isBase64(base64) ? read(Base64.getMimeDecoder().decode(base64)) : notBase64();
        } catch (IllegalArgumentException e) {
            return notBase64();
        }
    }

    /** The MIME decoder skips foreign characters, so that only line breaks may be among the digits. */
    private static boolean isBase64(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean isDigit = c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9';
            if (!isDigit && "+/=\r\n".indexOf(c) < 0) {
                return false;
            }
        }
        return true;
    }

    private static ReadImage notBase64() {
        return new Refused("invalid_image", "must be an image in base64, as it is or as a data URL");
    }

    ReadImage read(byte[] bytes) {
        if (bytes.length > maxBytes) {
            return tooLarge();
        }
        try {
            PictureFile file = PictureFile.of(bytes);
            if (file.pixels() > maxPixels || file.isTooLong()) {
                return new Refused(
                        "image_too_large",
                        "has %d x %d pixels, and at most %d are allowed, %d a side"
                                .formatted(file.width(), file.height(), maxPixels, PictureFile.MOST_SIDE));
            }
            return new Fine(Attachment.of(file.format().mediaType(), file.uprightWidth(), file.uprightHeight(), bytes));
        } catch (PictureException e) {
            return new Refused("invalid_image", "cannot be read: " + e.getMessage());
        }
    }

    private ReadImage tooLarge() {
        return new Refused("image_too_large", "is larger than %d bytes".formatted(maxBytes));
    }
}
