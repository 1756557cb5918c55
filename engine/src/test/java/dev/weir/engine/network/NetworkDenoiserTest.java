package dev.weir.engine.network;

import static dev.weir.engine.NetworkInput.ANY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.AddOns;
import dev.weir.engine.Denoiser;
import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.HostTensor;
import dev.weir.engine.Join;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.NoiseRow;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.Signature;
import dev.weir.engine.Tensors;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.backend.Kept;
import dev.weir.engine.backend.Staging;
import dev.weir.engine.control.ControlNet;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.engine.control.Steering;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NetworkDenoiserTest {

    private static final LatentShape SAMPLE = new LatentShape(1, 1, 2);
    private static final List<NetworkInput> INPUTS = List.of(
            new NetworkInput("concat", List.of(ANY, ANY, ANY), Join.CONCAT),
            new NetworkInput("encoder_hidden_states", List.of(ANY, 2), Join.PAD),
            new NetworkInput("class_labels", List.of(), Join.STACK),
            new NetworkInput("time_ids", List.of(3), Join.STACK));

    private final RecordingNetwork network = new RecordingNetwork();
    private final Denoiser denoiser = new NetworkDenoiser(Fixture.adaptable(network), 3, 1, INPUTS, 10);

    /** The next step of the same samples has other latents and timesteps, and their states. */
    @Test
    void statesAreWrittenWhenRowsJoinOrLeaveAndNotAtEachStep() {
        var feeds = new RowFeeds(3, INPUTS, 10);
        var staging = new Staging();
        var first = row(1, 2);
        var second = row(2, 1);
        write(staging, feeds.of(SAMPLE, List.of(first, second)));

        var next = feeds.of(SAMPLE, List.of(later(first), later(second)));
        assertThat(IntStream.range(0, next.size()).filter(i -> staging.holds(i, next.get(i))))
                .as("encoder_hidden_states and time_ids")
                .containsExactly(2, 5);
        var swapped = feeds.of(SAMPLE, List.of(later(second), later(first)));
        var fewer = feeds.of(SAMPLE, List.of(later(second)));
        for (var other : List.of(swapped, fewer)) {
            assertThat(IntStream.range(0, other.size())).noneMatch(i -> staging.holds(i, other.get(i)));
        }
        write(staging, fewer);
        assertThat(staging.holds(2, feeds.of(SAMPLE, List.of(second)).get(2))).isTrue();
    }

    private static void write(Staging staging, List<Feed> feeds) {
        for (int i = 0; i < feeds.size(); i++) {
            staging.fill(i, feeds.get(i));
        }
    }

    private static Row later(Row row) {
        return new Row(row.sample().clone(), row.timestep() - 1, row.inputs());
    }

    @Test
    void everyInputIsJoinedAsItSays() {
        denoiser.predict(SAMPLE, List.of(row(1, 2), row(2, 1)));

        assertThat(network.shapes()).containsExactly("[2, 3, 1, 2]", "[2]", "[2, 2, 2]", "[2, 2]", "[2]", "[2, 3]");
        assertThat(network.floats(0)).containsExactly(1, 1, 10, 10, 10, 10, 2, 2, 20, 20, 20, 20);
        assertThat(network.floats(1)).containsExactly(100, 200);
        assertThat(network.floats(2)).containsExactly(1, 1, 1, 1, 2, 2, 0, 0);
        assertThat(network.bytes(3)).containsExactly(1, 1, 1, 0);
        assertThat(network.longs(4)).containsExactly(1, 2);
        assertThat(network.floats(5)).containsExactly(1, 1, 1, 2, 2, 2);
    }

    @Test
    void aRowThatDoesNotFitIsRefusedByTheNameOfItsInput() {
        Row row = row(1, 2);
        refused(new Row(new float[3], 1, row.inputs()), "3 numbers");
        refused(with("time_ids", HostTensor.of(new float[4], 4)), "time_ids");
        refused(with("encoder_hidden_states", HostTensor.of(new float[0], 0, 2)), "encoder_hidden_states");
        refused(with("concat", HostTensor.of(new float[4], 2, 2, 1)), "concat");
        refused(with("concat", HostTensor.of(new float[2], 1, 1, 2)), "2 channels in all");
        refused(with("class_labels", HostTensor.number(10)), "class label 10");
        refused(with("hint", HostTensor.number(1)), "hint");
        refused(new Row(row.sample(), 1, Tensors.NONE), "encoder_hidden_states");
    }

    @Test
    void rowsOfOneSignatureDifferInTheirPaddedLengthOnly() {
        assertThat(signature(row(1, 2).inputs())).isEqualTo(signature(row(2, 7).inputs()));
        assertThat(signature(row(1, 2).inputs()))
                .isNotEqualTo(signature(
                        with("concat", HostTensor.of(new float[6], 3, 1, 2)).inputs()))
                .isNotEqualTo(signature(
                        with("time_ids", HostTensor.of(new float[4], 4)).inputs()));
        var withoutConcat = Tensors.of("encoder_hidden_states", HostTensor.of(new float[2], 1, 2));
        assertThat(signature(withoutConcat)).isNotEqualTo(signature(row(1, 2).inputs()));
    }

    @Test
    void rowsOfDifferentSignaturesDoNotShareAForward() {
        var wide = new NetworkDenoiser(
                Fixture.adaptable(network), 3, 1, List.of(new NetworkInput("time_ids", List.of(ANY), Join.STACK)), 0);
        var shape = new LatentShape(3, 1, 1);
        var three = new Row(new float[3], 1, Tensors.of("time_ids", HostTensor.of(new float[3], 3)));
        var four = new Row(new float[3], 1, Tensors.of("time_ids", HostTensor.of(new float[4], 4)));
        assertThatThrownBy(() -> wide.predict(shape, List.of(three, four))).hasMessageContaining("time_ids");
    }

    @Test
    void aRowOfNoiseHasEveryInput() {
        denoiser.predict(SAMPLE, List.of(NoiseRow.of(denoiser, SAMPLE, 5, 1)));

        assertThat(network.shapes()).containsExactly("[1, 3, 1, 2]", "[1]", "[1, 5, 2]", "[1, 1]", "[1]", "[1, 3]");
    }

    private void refused(Row row, String reason) {
        assertThatThrownBy(() -> denoiser.predict(SAMPLE, List.of(row)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }

    private static Signature signature(Tensors inputs) {
        return Signature.of(inputs, INPUTS);
    }

    private static Row with(String name, HostTensor tensor) {
        Row row = row(1, 2);
        return new Row(row.sample(), row.timestep(), row.inputs().with(name, tensor));
    }

    private static Row row(int value, int tokens) {
        var inputs = Tensors.of("encoder_hidden_states", HostTensor.of(filled(2 * tokens, value), tokens, 2))
                .with("concat", HostTensor.of(filled(4, 10 * value), 2, 1, 2))
                .with("class_labels", HostTensor.number(value))
                .with("time_ids", HostTensor.of(filled(3, value), 3));
        return new Row(filled(2, value), 100 * value, inputs);
    }

    private static float[] filled(int size, float value) {
        var values = new float[size];
        Arrays.fill(values, value);
        return values;
    }

    /** Each takes a third of its UNet's memory. */
    @Test
    void theNetworkThatSeesImagesSharesTheNetsOfThePlainOne() {
        ControlNet net = ModelFolder.open(
                        ReferenceFile.path("checkpoints/sd1"),
                        Optional.empty(),
                        List.of(),
                        Optional.empty(),
                        AddOns.of(ControlNetFolders.open(List.of(ReferenceFile.path("controlnets/sd1")))))
                .controlNets()
                .byName()
                .get("edges");
        JsonNode config = Fixture.of("sd1").config("unet");
        List<NoSteering> opened = new ArrayList<>();
        var network = UNet2DConditionModel.read(config).controlledBy(Steering.BOTH, one -> {
            opened.add(new NoSteering());
            return opened.get(opened.size() - 1);
        });
        Denoiser plain = network.runBy(Fixture.adaptable(this.network));
        Denoiser seeing = network.seeing(new ImagePrompts(Networks.imageLayers(config), 1))
                .runBy(Fixture.adaptable(this.network));

        plain.loadControls(List.of(net), List.of(net));
        seeing.loadControls(List.of(net), List.of(net));
        assertThat(opened).hasSize(1);

        seeing.close();
        plain.loadControls(List.of(net), List.of(net));
        assertThat(opened).as("samples of the plain network go on with it").hasSize(1);
        assertThat(opened.get(0).isClosed).isFalse();

        plain.close();
        assertThat(opened.get(0).isClosed).isTrue();
    }

    private static final class NoSteering implements SteeringNetwork {

        private boolean isClosed;

        @Override
        public void add(LatentShape sample, List<Steered> rows) {}

        @Override
        public void close() {
            isClosed = true;
        }
    }

    /** Keeps what it is fed, and gives zeros. */
    private static final class RecordingNetwork implements Executable {

        private final List<ByteBuffer> fed = new ArrayList<>();
        private List<Feed> feeds = List.of();

        @Override
        public <T> T run(String method, List<Feed> feeds, Function<ByteBuffer, T> reader) {
            this.feeds = feeds;
            fed.clear();
            for (Feed feed : feeds) {
                var bytes = ByteBuffer.allocate(feed.length()).order(ByteOrder.nativeOrder());
                feed.filler().accept(bytes);
                fed.add(bytes.clear());
            }
            return reader.apply(ByteBuffer.allocate(1024));
        }

        List<String> shapes() {
            return feeds.stream().map(feed -> Arrays.toString(feed.shape())).toList();
        }

        float[] floats(int input) {
            var values = new float[fed.get(input).capacity() / 4];
            fed.get(input).asFloatBuffer().get(values);
            return values;
        }

        long[] longs(int input) {
            var values = new long[fed.get(input).capacity() / 8];
            fed.get(input).asLongBuffer().get(values);
            return values;
        }

        byte[] bytes(int input) {
            return fed.get(input).array();
        }

        @Override
        public void keep(Map<String, Kept> inputs) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }
}
