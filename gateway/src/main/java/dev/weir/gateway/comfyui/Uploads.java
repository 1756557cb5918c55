package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ReadImage;
import dev.weir.gateway.comfyui.Value.Mask;
import dev.weir.gateway.job.ImageMemory;
import dev.weir.picture.Transparency;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The images that callers have uploaded, by the name that {@code LoadImage} has for them. If there is no room, the oldest image of the
 * caller that uses most makes some. Event loop of the gateway.
 */
final class Uploads {

    /** An image takes this room at least, so their number is limited too. */
    private static final long LEAST_ROOM = 64 << 10;

    private final long maxBytes;
    private final ImageMemory memory;
    private final Map<String, Owner> owners = new HashMap<>();
    private long room;

    /** @param mask what was painted over it later; null: nothing */
    record Image(ReadImage.Fine file, ReadImage.Fine mask) {

        private long bytes() {
            return file.size() + (mask == null ? 0 : mask.size());
        }

        private long room() {
            return Math.max(LEAST_ROOM, bytes());
        }
    }

    private static final class Owner {

        private final Map<String, Image> images = new LinkedHashMap<>();
        private long room;
    }

    /** @param maxBytes of all images of all callers */
    Uploads(long maxBytes, ImageMemory memory) {
        this.maxBytes = maxBytes;
        this.memory = memory;
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
        put(caller, free, new Image(image, null));
        return free;
    }

    /** Adds a mask, whose transparent parts are what is painted anew, over a copy of an image that is there. */
    void mask(String caller, String name, ReadImage.Fine mask) {
        find(caller, name).ifPresent(image -> put(caller, name, new Image(image.file(), mask)));
    }

    private boolean isOther(String caller, String name, ReadImage.Fine image) {
        return find(caller, name)
                .filter(known -> !Arrays.equals(
                        known.file().image().sha256(), image.image().sha256()))
                .isPresent();
    }

    private void put(String caller, String name, Image image) {
        Owner owner = owners.computeIfAbsent(caller, each -> new Owner());
        remove(owner, name);
        owner.images.put(name, image);
        count(owner, image, 1);
        while (room > maxBytes && makeRoom(owner)) {}
    }

    /** False where only the newest image is left. */
    private boolean makeRoom(Owner newest) {
        Optional<Owner> largest = owners.values().stream()
                .filter(owner -> owner.images.size() > (owner == newest ? 1 : 0))
                .max(Comparator.comparingLong(owner -> owner.room));
        largest.ifPresent(
                owner -> remove(owner, owner.images.keySet().iterator().next()));
        owners.values().removeIf(owner -> owner.images.isEmpty());
        return largest.isPresent();
    }

    private void remove(Owner owner, String name) {
        Image removed = owner.images.remove(name);
        if (removed != null) {
            count(owner, removed, -1);
        }
    }

    private void count(Owner owner, Image image, int sign) {
        owner.room += sign * image.room();
        room += sign * image.room();
        memory.holdUpload(sign * image.bytes());
    }

    Optional<Image> find(String caller, String name) {
        return Optional.ofNullable(owners.get(caller)).map(owner -> owner.images.get(name));
    }

    /** The images of a caller as they are now, by name. */
    Map<String, Image> of(String caller) {
        Owner owner = owners.get(caller);
        return owner == null ? Map.of() : new LinkedHashMap<>(owner.images);
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
