package dev.weir.gateway.api;

import dev.weir.gateway.job.ImageMemory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Images that clients have sent for later requests, by name. The oldest make room for newer ones. Event loop of its owner. */
public final class ImageStore {

    /** Small ones and those that were refused take room too. */
    private static final int MOST_IMAGES = 1000;

    private final long maxBytes;
    private final ImageMemory memory;
    private final Map<String, ReadImage> images = new LinkedHashMap<>();
    private long bytes;

    /** @param maxBytes of all together; the oldest go first */
    public ImageStore(long maxBytes, ImageMemory memory) {
        this.maxBytes = maxBytes;
        this.memory = memory;
    }

    public void add(String name, ReadImage image) {
        remove(name);
        while (images.size() >= MOST_IMAGES || !images.isEmpty() && bytes + image.size() > maxBytes) {
            remove(images.keySet().iterator().next());
        }
        images.put(name, image);
        bytes += image.size();
        memory.holdUpload(image.size());
    }

    public void remove(String name) {
        ReadImage removed = images.remove(name);
        if (removed != null) {
            bytes -= removed.size();
            memory.giveUpload(removed.size());
        }
    }

    public Optional<ReadImage> find(String name) {
        return Optional.ofNullable(images.get(name));
    }

    public void clear() {
        List.copyOf(images.keySet()).forEach(this::remove);
    }
}
