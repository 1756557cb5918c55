package dev.weir.runtime;

import java.nio.file.Path;
import java.util.List;

/**
 * Folders of files beside the models, which requests may name.
 *
 * @param loras of LoRA files
 * @param controlNets of ControlNets
 * @param embeddings of textual inversions
 * @param ipAdapters of IP-Adapters, with their image encoders
 * @param upscalers of upscalers
 */
public record AddOns(
        List<Path> loras, List<Path> controlNets, List<Path> embeddings, List<Path> ipAdapters, List<Path> upscalers) {

    public static final AddOns NONE = new AddOns(List.of(), List.of(), List.of(), List.of(), List.of());

    public AddOns {
        loras = List.copyOf(loras);
        controlNets = List.copyOf(controlNets);
        embeddings = List.copyOf(embeddings);
        ipAdapters = List.copyOf(ipAdapters);
        upscalers = List.copyOf(upscalers);
    }
}
