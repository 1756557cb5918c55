package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser;
import dev.weir.engine.Join;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.Prompt;
import dev.weir.engine.Tensors;
import dev.weir.engine.TextEncoder;
import dev.weir.engine.adapter.Lora;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.Stage;
import dev.weir.runtime.stage.Work;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DiffusionPartTest {

    private static final FakeModel MODEL = new FakeModel(rows -> {});
    private static final Work GUIDED = FakeModel.work("job", "user", Priority.INTERACTIVE, 4, true, 1);

    @Test
    void aNetworkWithoutGuidanceEmbeddingRunsForBothPrompts() {
        List<Tensors> branches =
                MODEL.open(FakeModel.FOLDER).begin(GUIDED, List.of()).branches();

        assertThat(branches).hasSize(2);
        assertThat(branches.get(0).has(Tensors.TIMESTEP_COND)).isFalse();
    }

    @Test
    void aNetworkWithGuidanceEmbeddingRunsOnceWithTheScale() {
        DiffusionPart part = FakeModel.open(FakeModel.FOLDER, new FewStepNetwork());

        List<Tensors> branches = part.begin(GUIDED, List.of()).branches();

        assertThat(branches).hasSize(1);
        // The scale of 5 is 4 above 1, and the first frequency is a thousand.
        assertThat(branches.get(0).get(Tensors.TIMESTEP_COND).values())
                .hasSize(8)
                .startsWith((float) Math.sin(4000));
        NetworkInput.require(part.network().inputs(), branches.get(0));
    }

    /** Its profile and its pace are those of the rows that come. */
    @Test
    void theGroupOfTestRowsIsThatOfRealOnes() {
        ModelFolder folder = ModelFolder.open(Path.of("../engine/src/test/resources/reference/flux/dev"));
        var target = new ComputeTarget("cpu", Precision.FP32);
        List<Tensor> given;
        try (TextEncoder encoder = folder.textEncoder(target)) {
            given = Branches.toTensors(
                    Branches.COND,
                    encoder.encode(List.of(Prompt.of("a hut"))).get(0).states());
        }
        Stage.Builder stage = GUIDED.task().getRoute(0).toBuilder()
                .setWidth(folder.card().nativeSize())
                .setHeight(folder.card().nativeSize());
        stage.getSamplingBuilder().setSampler("flow_euler");
        Work work = new Work(
                GUIDED.task().toBuilder()
                        .setModel(folder.card().id())
                        .setRoute(0, stage)
                        .build(),
                given);

        try (DiffusionPart part = DiffusionPart.open(folder, 0, target)) {
            List<Tensors> branches = part.begin(work, List.of()).branches();
            assertThat(part.nativeKey()).isEqualTo(part.key(part.shape(work.stage()), branches, Branches.tokens(work)));
        }
    }

    /** The decoder's rows see what the prior made, whose size is another one. */
    @ParameterizedTest
    @ValueSource(strings = {"stable_cascade", "wuerstchen"})
    void theGroupOfTestRowsHasWhatAPriorMakesForAPictureOfTheirSize(String family) {
        ModelFolder folder = ModelFolder.open(Path.of("../engine/src/test/resources/reference")
                .resolve(family)
                .resolve("pipeline"));
        int side = folder.card().nativeSize();

        try (DiffusionPart part = DiffusionPart.open(folder, 1, new ComputeTarget("cpu", Precision.FP32))) {
            assertThat(part.nativeKey().inputs().shapes())
                    .containsEntry("effnet", List.of(6, side * 3 / 128, side * 3 / 128));
            assertThat(part.isFinite()).isTrue();
        }
    }

    @Test
    void theNetworkOfTheLastStepIsTestedToo() {
        ModelFolder folder = ModelFolder.open(Path.of("../engine/src/test/resources/reference/karlo/pipeline"));
        Denoiser network =
                folder.network(folder.pipeline().diffusing().get(2), new ComputeTarget("cpu", Precision.FP32));
        var broken = new BrokenAtTheEnd(network);

        try (DiffusionPart part = DiffusionPart.open(folder, 2, broken)) {
            assertThat(part.isFinite(1)).isTrue();
            assertThat(part.isFinite()).isFalse();
            broken.isBroken = false;
            assertThat(part.isFinite()).isTrue();
        }
    }

    /** As if the weights of the network of the last step were no numbers. */
    private static final class BrokenAtTheEnd implements Denoiser {

        private final Denoiser network;
        private boolean isBroken = true;

        private BrokenAtTheEnd(Denoiser network) {
            this.network = network;
        }

        @Override
        public List<Float> timesteps() {
            return network.timesteps();
        }

        @Override
        public List<float[]> predict(LatentShape sample, List<Row> rows) {
            List<float[]> outputs = network.predict(sample, rows);
            for (int i = 0; i < rows.size(); i++) {
                if (isBroken && rows.get(i).timestep() == 0) {
                    outputs.get(i)[0] = Float.NaN;
                }
            }
            return outputs;
        }

        @Override
        public List<NetworkInput> inputs() {
            return network.inputs();
        }

        @Override
        public int inChannels() {
            return network.inChannels();
        }

        @Override
        public int outChannels() {
            return network.outChannels();
        }

        @Override
        public void close() {
            network.close();
        }
    }

    /** The second copy for LoRAs is the likeliest to find no memory. */
    @Test
    void aNetworkThatDoesNotBecomeAPartIsClosed() {
        var network = new NetworkWithoutRoomForLoras();

        assertThatThrownBy(() -> DiffusionPart.open(FakeModel.FOLDER, 0, network))
                .isInstanceOf(OutOfMemoryError.class);

        assertThat(network.closed).isEqualTo(1);
    }

    private static final class NetworkWithoutRoomForLoras implements Denoiser {
        int closed;

        @Override
        public void expect(Collection<Lora> loras) {
            throw new OutOfMemoryError("no room for the second copy");
        }

        @Override
        public List<NetworkInput> inputs() {
            return MODEL.inputs();
        }

        @Override
        public List<float[]> predict(LatentShape sample, List<Row> rows) {
            return MODEL.predict(sample, rows);
        }

        @Override
        public int inChannels() {
            return MODEL.inChannels();
        }

        @Override
        public int outChannels() {
            return MODEL.outChannels();
        }

        @Override
        public void close() {
            closed++;
        }
    }

    /** As a UNet with time_cond_proj_dim. */
    private static final class FewStepNetwork implements Denoiser {

        @Override
        public List<NetworkInput> inputs() {
            var embedding = new NetworkInput(Tensors.TIMESTEP_COND, List.of(8), Join.STACK);
            return Stream.concat(MODEL.inputs().stream(), Stream.of(embedding)).toList();
        }

        @Override
        public List<float[]> predict(LatentShape sample, List<Row> rows) {
            return MODEL.predict(sample, rows);
        }

        @Override
        public int inChannels() {
            return MODEL.inChannels();
        }

        @Override
        public int outChannels() {
            return MODEL.outChannels();
        }

        @Override
        public void close() {}
    }
}
