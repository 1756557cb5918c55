package dev.weir.runtime.route;

import dev.weir.proto.v1.Control;
import dev.weir.proto.v1.ControlNet;
import dev.weir.proto.v1.Embedding;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.IpAdapter;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Upscaler;
import java.util.ArrayList;
import java.util.List;

/**
 * A file beside a model that an image is generated with. Nodes may have different files of one name.
 *
 * @param kind what it is, in the words of messages; files of two kinds may have one name
 * @param fingerprint of its contents
 */
public record NamedFile(String kind, String name, String fingerprint) {

    /** Those that an image is generated with. */
    public static List<NamedFile> of(Generation generation) {
        return of(
                generation.getLorasList(),
                nets(generation.getControlsList()),
                generation.getEmbeddingsList(),
                generation.getIpAdaptersList(),
                generation.getUpscalersList());
    }

    /** Those that a node has for a model. */
    public static List<NamedFile> of(ModelCard card) {
        return of(
                card.getLorasList(),
                card.getControlnetsList(),
                card.getEmbeddingsList(),
                card.getIpAdaptersList(),
                card.getUpscalersList());
    }

    static List<NamedFile> of(
            List<Lora> loras,
            List<ControlNet> nets,
            List<Embedding> embeddings,
            List<IpAdapter> adapters,
            List<Upscaler> upscalers) {
        List<NamedFile> files = new ArrayList<>();
        loras.forEach(file -> files.add(new NamedFile("LoRA", file.getName(), file.getFingerprint())));
        nets.forEach(file -> files.add(new NamedFile("ControlNet", file.getName(), file.getFingerprint())));
        embeddings.forEach(file -> files.add(new NamedFile("embedding", file.getName(), file.getFingerprint())));
        adapters.forEach(file -> files.add(new NamedFile("IP-Adapter", file.getName(), file.getFingerprint())));
        upscalers.forEach(file -> files.add(new NamedFile("upscaler", file.getName(), file.getFingerprint())));
        return files;
    }

    static List<ControlNet> nets(List<Control> controls) {
        return controls.stream().map(Control::getNet).toList();
    }

    @Override
    public String toString() {
        return "the %s \"%s\"".formatted(kind, name);
    }
}
