package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ImageStore;
import dev.weir.gateway.api.ReadImage;
import dev.weir.gateway.comfyui.Value.Mask;
import dev.weir.gateway.job.Attachment;
import dev.weir.gateway.job.ImageMemory;
import dev.weir.picture.Transparency;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The images that callers have uploaded, by the name that {@code LoadImage} has for them. The oldest make room for newer ones. Event loop
 * of the gateway.
 */
final class Uploads {

    /** Whose image: names of different callers do not meet. */
    private static final String OF = "\n";

    private static final String MASK = "\nmask";
    private static final int MULTIPLE = 8;

    private final ImageStore images;

    /** @param mask what was painted over it later; null: nothing */
    record Image(ReadImage file, ReadImage mask) {}

    Uploads(long maxBytes, ImageMemory memory) {
        this.images = new ImageStore(maxBytes, memory);
    }

    /**
     * Adds an image.
     *
     * @param overwrites whether it takes the place of another one of this name; otherwise it gets the next free name, unless the two are
     *     the same
     * @return the name that it has
     */
    String add(String caller, String name, ReadImage image, boolean overwrites) {
        String free = name;
        int dot = name.lastIndexOf('.') < 0 ? name.length() : name.lastIndexOf('.');
        for (int i = 1; !overwrites && isOther(caller + OF + free, image); i++) {
            free = "%s (%d)%s".formatted(name.substring(0, dot), i, name.substring(dot));
        }
        images.remove(caller + OF + free + MASK);
        images.add(caller + OF + free, image);
        return free;
    }

    /** Adds a mask, whose transparent parts are what is painted anew, over a copy of an image that is there. */
    void mask(String caller, String name, ReadImage mask) {
        images.add(caller + OF + name + MASK, mask);
    }

    private boolean isOther(String key, ReadImage image) {
        return images.find(key)
                .filter(known -> !(known instanceof ReadImage.Fine one
                        && image instanceof ReadImage.Fine other
                        && Arrays.equals(one.image().sha256(), other.image().sha256())))
                .isPresent();
    }

    Optional<ReadImage> find(String caller, String name) {
        return images.find(caller + OF + name);
    }

    /** The images of a caller as they are now, by name. */
    Map<String, Image> of(String caller) {
        Map<String, ReadImage> all = images.all();
        Map<String, Image> own = new LinkedHashMap<>();
        String start = caller + OF;
        all.forEach((key, image) -> {
            if (key.startsWith(start) && !key.endsWith(MASK)) {
                own.put(key.substring(start.length()), new Image(image, all.get(key + MASK)));
            }
        });
        return own;
    }

    /**
     * The mask of an image: its transparent parts, or what is bright in a channel. Weir looks at the transparency of a file that has some.
     */
    static Mask mask(Node node, Image image, String channel) {
        boolean byAlpha = channel.equals("alpha");
        ReadImage file = byAlpha && image.mask() != null ? image.mask() : image.file();
        boolean isTransparent = file instanceof ReadImage.Fine fine
                && Transparency.isIn(fine.image().bytes());
        if (byAlpha != isTransparent) {
            throw new RefusedNodeException(
                    node,
                    "image",
                    byAlpha
                            ? "has no transparent parts, so its mask is empty"
                            : "has transparent parts, which Weir takes as the mask; use the channel alpha");
        }
        return new Mask(file);
    }

    /** The size of an image, as an autoencoder needs it. */
    static String size(Node node, ReadImage file) {
        if (!(file instanceof ReadImage.Fine fine)) {
            ReadImage.Refused refused = (ReadImage.Refused) file;
            throw new RefusedNodeException(node, "pixels", refused.problem());
        }
        Attachment image = fine.image();
        return image.width() / MULTIPLE * MULTIPLE + "x" + image.height() / MULTIPLE * MULTIPLE;
    }
}
