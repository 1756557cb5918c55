package dev.weir.textencoder;

import dev.weir.engine.ImagePrompter;
import dev.weir.engine.ImagePrompter.Tokens;
import dev.weir.engine.Tensors;
import dev.weir.engine.adapter.IpAdapter;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.pipeline.Port;
import dev.weir.picture.PictureException;
import dev.weir.proto.v1.Generation;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Branches;
import dev.weir.serving.Inputs;
import dev.weir.serving.IpAdapters;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Sees the pictures of IP-Adapters in one turn, equal ones once. Owned by the device thread. It reads no prompt. */
final class PromptImages {

    private final ImagePrompter prompter;
    private final Map<String, IpAdapter> known;
    private final Map<Seen, Tokens> seen = new HashMap<>();

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

    /**
     * What the denoiser is given of a task's pictures. Throws {@link PictureException}, an IllegalArgumentException that names what is
     * missing, or a ModelException that names a file that cannot be read.
     */
    Tensors of(Work work) {
        Generation generation = work.task().getGeneration();
        List<IpAdapter> adapters = IpAdapters.of(work, known);
        Tensors all = Tensors.NONE;
        for (int i = 0; i < adapters.size(); i++) {
            List<Port> ports = ports(i, generation.getIpAdapters(i).getImages());
            Tokens tokens = tokens(work, adapters.get(i), ports);
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

    private Tokens tokens(Work work, IpAdapter adapter, List<Port> ports) {
        List<ByteBuffer> files =
                ports.stream().map(port -> work.tensor(port.name()).bytes()).toList();
        return seen.computeIfAbsent(new Seen(adapter, files), key -> {
            List<Bitmap> pictures = new ArrayList<>();
            ports.forEach(port -> pictures.add(Inputs.picture(work, port)));
            return prompter.see(adapter, pictures);
        });
    }
}
