package dev.weir.textencoder;

import dev.weir.engine.ImagePrompter;
import dev.weir.engine.ImagePrompter.Tokens;
import dev.weir.engine.Tensors;
import dev.weir.engine.adapter.IpAdapter;
import dev.weir.engine.pipeline.Port;
import dev.weir.proto.v1.Generation;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Branches;
import dev.weir.serving.IpAdapters;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Sees the pictures of IP-Adapters in one turn, equal ones once. Owned by the device thread. It reads no prompt. */
final class PromptImages {

    private final ImagePrompter prompter;
    private final Map<String, IpAdapter> known;
    private final Map<Seen, Tokens> seen = new HashMap<>();

    /** @param ports of the pictures that it sees */
    record Shown(IpAdapter adapter, List<Port> ports) {}

    private record Seen(IpAdapter adapter, List<ByteBuffer> files) {}

    /** @param known the model's adapters, by name */
    PromptImages(ImagePrompter prompter, Map<String, IpAdapter> known) {
        this.prompter = prompter;
        this.known = known;
    }

    /** How many pictures a task has for its adapters. */
    static int count(Work work) {
        return work.task().getGeneration().getIpAdaptersList().stream()
                .mapToInt(dev.weir.proto.v1.IpAdapter::getImages)
                .sum();
    }

    /** The adapters of a task and the ports of their pictures. Throws an IllegalArgumentException that names one that is not here. */
    static List<Shown> shown(Work work, Map<String, IpAdapter> known) {
        Generation generation = work.task().getGeneration();
        List<IpAdapter> adapters = IpAdapters.of(work, known);
        return IntStream.range(0, adapters.size())
                .mapToObj(i -> new Shown(
                        adapters.get(i), ports(i, generation.getIpAdapters(i).getImages())))
                .toList();
    }

    /**
     * What the denoiser is given of a task's pictures. Throws an IllegalArgumentException that names what is missing, or a
     * ModelException that names a file that cannot be read.
     *
     * @param pixels of each picture
     */
    Tensors of(Work work, Map<Port, float[]> pixels) {
        List<Shown> shown = shown(work, known);
        Tensors all = Tensors.NONE;
        for (int i = 0; i < shown.size(); i++) {
            Tokens tokens = tokens(work, shown.get(i), pixels);
            all = all.with(Branches.COND + IpAdapters.name(i), tokens.pictures());
            if (Branches.isGuided(work.task())) {
                all = all.with(Branches.UNCOND + IpAdapters.name(i), tokens.nothing());
            }
        }
        return all;
    }

    private static List<Port> ports(int adapter, int images) {
        return IntStream.range(0, images)
                .mapToObj(image -> new Port("%s/%d/%d".formatted(Port.IP_ADAPTERS.name(), adapter, image), false))
                .toList();
    }

    private Tokens tokens(Work work, Shown shown, Map<Port, float[]> pixels) {
        List<ByteBuffer> files = shown.ports().stream()
                .map(port -> work.tensor(port.name()).bytes())
                .toList();
        return seen.computeIfAbsent(
                new Seen(shown.adapter(), files),
                key -> prompter.see(
                        shown.adapter(), shown.ports().stream().map(pixels::get).toList()));
    }
}
