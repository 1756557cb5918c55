package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ReadImage;
import dev.weir.gateway.api.UploadStore;
import dev.weir.gateway.comfyui.Value.Mask;
import dev.weir.gateway.job.ImageMemory;
import dev.weir.picture.Transparency;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * The images that callers have uploaded, by the name that {@code LoadImage} has for them, with the masks that were painted over them. Event
 * loop of the gateway.
 */
final class Uploads {

    private final UploadStore<Image> images;

    /** @param mask what was painted over it later; null: nothing */
    record Image(ReadImage.Fine file, ReadImage.Fine mask) {

        private long bytes() {
            return file.size() + (mask == null ? 0 : mask.size());
        }
    }

    /** @param maxBytes of all images of all callers */
    Uploads(long maxBytes, ImageMemory memory) {
        this.images = new UploadStore<>(maxBytes, memory, Image::bytes);
    }

    /**
     * Adds an image.
     *
     * @param overwrites whether it takes the place of another one of this name; otherwise it gets the next free name, unless the two are
     *     the same
     * @return the name that it has
     */
    String add(String caller, String name, ReadImage.Fine image, boolean overwrites) {
        String free = name;
        int dot = name.indexOf('.', name.lastIndexOf('/') + 1) < 0 ? name.length() : name.lastIndexOf('.');
        for (int i = 1; !overwrites && isOther(caller, free, image); i++) {
            free = "%s (%d)%s".formatted(name.substring(0, dot), i, name.substring(dot));
        }
        images.put(caller, free, new Image(image, null));
        return free;
    }

    /** Adds a mask, whose transparent parts are what is painted anew, over a copy of an image that is there. */
    void mask(String caller, String name, ReadImage.Fine mask) {
        find(caller, name).ifPresent(image -> images.put(caller, name, new Image(image.file(), mask)));
    }

    private boolean isOther(String caller, String name, ReadImage.Fine image) {
        return find(caller, name)
                .filter(known -> !Arrays.equals(
                        known.file().image().sha256(), image.image().sha256()))
                .isPresent();
    }

    Optional<Image> find(String caller, String name) {
        return images.find(caller, name);
    }

    /** The images of a caller as they are now, by name. */
    Map<String, Image> of(String caller) {
        return images.of(caller);
    }

    /**
     * The mask of an image: its transparent parts, or what is bright in a channel. Weir looks at the transparency of a file that has some.
     */
    static Mask mask(Node node, Image image, String channel) {
        boolean byAlpha = channel.equals("alpha");
        ReadImage.Fine file = byAlpha && image.mask() != null ? image.mask() : image.file();
        boolean isTransparent = Transparency.isIn(file.image().bytes());
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
}
