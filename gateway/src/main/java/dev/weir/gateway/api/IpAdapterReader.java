package dev.weir.gateway.api;

import dev.weir.proto.v1.IpAdapter;
import dev.weir.proto.v1.ModelCard;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads which IP-Adapters a request names, among those that nodes have for its model. Stateless. */
final class IpAdapterReader {

    static final int MOST = 4;
    static final int MOST_IMAGES = 4;
    static final double MAX_SCALE = 2;

    private IpAdapterReader() {}

    static List<IpAdapter> read(Fields fields, ModelCard card) {
        List<IpAdapter> named = new ArrayList<>();
        for (Fields use : fields.objects(IpAdapterImages.FIELD, MOST)) {
            use.allowOnly(Set.of("name", IpAdapterImages.IMAGES, "scale"));
            String name = use.text("name").orElseThrow(() -> use.missing("name"));
            double scale = use.real("scale", 0, MAX_SCALE).orElse(1.0);
            IpAdapter file = KnownFiles.ipAdapters(card).find(use, "name", name);
            named.add(file.toBuilder()
                    .setScale((float) scale)
                    .setImages(images(use))
                    .build());
        }
        return List.copyOf(named);
    }

    private static int images(Fields use) {
        List<?> images = use.list(IpAdapterImages.IMAGES);
        if (images.isEmpty()) {
            throw use.missing(IpAdapterImages.IMAGES);
        }
        if (images.size() > MOST_IMAGES) {
            throw use.invalid(
                    "out_of_range",
                    IpAdapterImages.IMAGES,
                    "has %d entries, and at most %d are allowed".formatted(images.size(), MOST_IMAGES));
        }
        return images.size();
    }
}
