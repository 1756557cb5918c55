package dev.weir.engine.network;

import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.control.Control;
import dev.weir.engine.control.ControlNet;
import dev.weir.engine.control.Steering;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Runs a denoising network: rows of one shape in one forward. If ControlNets or T2I-Adapters steer some of them, these run first, and
 * another method of the network adds their results; zeros are added to the other rows.
 */
final class NetworkDenoiser implements Denoiser {

    /** The method that every denoising network has. */
    static final String FORWARD = "forward";

    /** The method of networks of vectors: what a finished sample stands for. */
    static final String FINISH = "finish";

    private final AdaptableNetwork network;
    private final RowFeeds feeds;
    private final int outChannels;
    private final Optional<ControlBank> controls;
    private final boolean ownsControls;
    private final boolean vectors;

    /**
     * @param controls of a network that ControlNets may steer
     * @param ownsControls whether it closes them. It does not where another denoiser also uses them
     */
    NetworkDenoiser(
            AdaptableNetwork network,
            RowFeeds feeds,
            int outChannels,
            Optional<ControlBank> controls,
            boolean ownsControls) {
        this(network, feeds, outChannels, controls, ownsControls, false);
    }

    private NetworkDenoiser(
            AdaptableNetwork network,
            RowFeeds feeds,
            int outChannels,
            Optional<ControlBank> controls,
            boolean ownsControls,
            boolean vectors) {
        this.network = network;
        this.feeds = feeds;
        this.outChannels = outChannels;
        this.controls = controls;
        this.ownsControls = ownsControls;
        this.vectors = vectors;
    }

    /** Of a network whose samples are vectors, and which has the method {@link #FINISH}. */
    static NetworkDenoiser ofVectors(AdaptableNetwork network, int width, int outWidth, List<NetworkInput> inputs) {
        return new NetworkDenoiser(network, new RowFeeds(width, inputs, 0), outWidth, Optional.empty(), false, true);
    }

    /** A network that nothing steers. */
    NetworkDenoiser(AdaptableNetwork network, int inChannels, int outChannels, List<NetworkInput> inputs, int classes) {
        this(network, new RowFeeds(inChannels, inputs, classes), outChannels, Optional.empty(), false);
    }

    /** A transformer, whose last inputs depend on the sample's shape alone. */
    static NetworkDenoiser ofTransformer(
            AdaptableNetwork network,
            int inChannels,
            int outChannels,
            List<NetworkInput> inputs,
            Function<LatentShape, List<Feed>> ofShape) {
        return ofTexts(network, inChannels, outChannels, inputs, (shape, rows) -> ofShape.apply(shape));
    }

    /** The same, whose last inputs also depend on the rows. */
    static NetworkDenoiser ofTexts(
            AdaptableNetwork network,
            int inChannels,
            int outChannels,
            List<NetworkInput> inputs,
            BiFunction<LatentShape, List<Row>, List<Feed>> more) {
        return new NetworkDenoiser(
                network, new RowFeeds(inChannels, inputs, 0, more), outChannels, Optional.empty(), false);
    }

    /** The method for rows that networks of some kinds steer. It has more inputs than {@link #FORWARD}: {@link ResidualShapes}. */
    static String method(Steering steering) {
        return switch (steering) {
            case NONE -> FORWARD;
            case NETS -> "controlled";
            case ADAPTERS -> "adapted";
            case BOTH -> "controlled_adapted";
        };
    }

    @Override
    public List<float[]> predict(LatentShape sample, List<Row> rows) {
        if (rows.isEmpty()) {
            return List.of();
        }
        var nets = rows.stream()
                .flatMap(row -> row.controls().stream())
                .map(Control::net)
                .collect(Collectors.toSet());
        var steering = Steering.of(nets);
        var all = new ArrayList<>(feeds.of(sample, rows));
        if (steering != Steering.NONE) {
            bank().load(nets, nets);
            all.addAll(bank().added(sample, rows, steering));
        }
        return network.run(
                method(steering), all, rows.stream().map(Row::loras).toList(), out -> split(out, sample, rows.size()));
    }

    @Override
    public void expect(Collection<Lora> loras) {
        network.expect(loras);
    }

    @Override
    public void load(List<WeightedLora> loras, Collection<Lora> needed) {
        network.load(loras, needed);
    }

    @Override
    public void loadControls(Collection<ControlNet> own, Collection<ControlNet> needed) {
        if (!own.isEmpty()) {
            bank().load(own, needed);
        }
    }

    private ControlBank bank() {
        return controls.orElseThrow(() -> new IllegalArgumentException("this denoiser is not steered by ControlNets"));
    }

    private List<float[]> split(ByteBuffer out, LatentShape sample, int rows) {
        int size = outChannels * sample.height() * sample.width();
        var predictions = new ArrayList<float[]>();
        for (int row = 0; row < rows; row++) {
            var prediction = new float[size];
            out.asFloatBuffer().get(row * size, prediction);
            predictions.add(prediction);
        }
        return predictions;
    }

    @Override
    public boolean isOfVectors() {
        return vectors;
    }

    @Override
    public float[] finished(float[] sample) {
        if (!vectors) {
            return sample;
        }
        int width = feeds.inChannels();
        var feed = Feed.floats(bytes -> bytes.asFloatBuffer().put(sample), sample.length / width, width);
        return network.run(FINISH, List.of(feed), List.of(List.of()), out -> {
            var values = new float[sample.length];
            out.asFloatBuffer().get(values);
            return values;
        });
    }

    @Override
    public List<NetworkInput> inputs() {
        return feeds.inputs();
    }

    @Override
    public int inChannels() {
        return feeds.inChannels();
    }

    @Override
    public int outChannels() {
        return outChannels;
    }

    @Override
    public void close() {
        network.close();
        if (ownsControls) {
            controls.ifPresent(ControlBank::close);
        }
    }
}
