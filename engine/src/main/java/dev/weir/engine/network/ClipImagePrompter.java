package dev.weir.engine.network;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.HostTensor;
import dev.weir.engine.ImagePrompter;
import dev.weir.engine.ModelException;
import dev.weir.engine.adapter.IpAdapter;
import dev.weir.engine.adapter.IpAdapter.Kind;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.ClipImageProcessor;
import dev.weir.engine.weights.ComponentWeights;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** CLIP networks and the projections of IP-Adapters, each loaded at its first use. One device thread owns the networks. */
final class ClipImagePrompter implements ImagePrompter {

    private static final int MOST_PROJECTIONS = 8;

    private final ComputeTarget target;
    private final Map<Path, ClipImageProcessor> processors = new ConcurrentHashMap<>();
    private final Map<Clip, ClipPictures> clips = new HashMap<>();
    private final Recent<IpAdapter, Projection> projections = new Recent<>(MOST_PROJECTIONS, Projection::close);

    private record Clip(Path folder, Kind kind) {}

    /**
     * @param network loaded
     * @param nothing the tokens of no picture
     */
    private record Projection(TokenNetwork type, Executable network, HostTensor nothing) {

        void close() {
            network.close();
        }
    }

    ClipImagePrompter(ComputeTarget target) {
        this.target = target;
    }

    @Override
    public float[] pixels(IpAdapter adapter, Bitmap picture) {
        return processors
                .computeIfAbsent(adapter.encoder(), ClipImagePrompter::processor)
                .pixels(picture);
    }

    private static ClipImageProcessor processor(Path folder) {
        try {
            var network = NetworkType.read(ComponentConfig.read(folder).json(), ClipVisionModel.class);
            return ClipImageProcessor.ofSide(network.options().side());
        } catch (ModelException e) {
            throw e.in(folder);
        }
    }

    @Override
    public Tokens see(IpAdapter adapter, List<float[]> pixels) {
        var clip = clips.computeIfAbsent(new Clip(adapter.encoder(), adapter.kind()), this::open);
        var projection = projections.get(adapter, () -> project(adapter, clip));
        return new Tokens(tokens(projection.type(), projection.network(), clip.views(pixels)), projection.nothing());
    }

    private ClipPictures open(Clip clip) {
        try {
            var config = ComponentConfig.read(clip.folder()).json();
            var whole = NetworkType.read(config, ClipVisionModel.class);
            var network = clip.kind() == Kind.PLAIN ? whole : new ClipVisionStates(whole);
            int side = whole.options().side();
            return new ClipPictures(
                    Networks.load(network, config, ComponentWeights.open(clip.folder()), target),
                    ClipImageProcessor.ofSide(side),
                    side);
        } catch (ModelException e) {
            throw e.in(clip.folder());
        }
    }

    private Projection project(IpAdapter adapter, ClipPictures clip) {
        var file = adapter.weights();
        var type = adapter.kind() == Kind.PLAIN ? ImageProjection.of(file) : Resampler.of(file);
        var network = Networks.load(adapter, type, type.weights(file), target);
        var views = Stream.concat(type.nothing().stream(), Stream.generate(clip::viewOfNothing))
                .limit(1)
                .toList();
        return new Projection(type, network, tokens(type, network, views));
    }

    private static HostTensor tokens(TokenNetwork type, Executable network, List<float[]> views) {
        float[] values = network.run(TokenNetwork.FORWARD, type.feeds(views), ClipImagePrompter::floats);
        return HostTensor.of(values, views.size() * type.tokens(), type.width());
    }

    private static float[] floats(ByteBuffer out) {
        var values = new float[out.asFloatBuffer().remaining()];
        out.asFloatBuffer().get(values);
        return values;
    }

    @Override
    public void close() {
        clips.values().forEach(ClipPictures::close);
        projections.close();
    }
}
