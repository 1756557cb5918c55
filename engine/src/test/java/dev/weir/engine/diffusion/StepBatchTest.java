package dev.weir.engine.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.Denoiser;
import dev.weir.engine.Finite;
import dev.weir.engine.HostTensor;
import dev.weir.engine.Join;
import dev.weir.engine.LatentShape;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.Tensors;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.sampler.NoiseSchedule;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.SamplerState;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.SchedulerConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StepBatchTest {

    private static final LatentShape SHAPE = new LatentShape(4, 3, 5);
    private static final SchedulerConfig CONFIG =
            SchedulerConfig.read(ReferenceFile.path("checkpoints/default/scheduler/scheduler_config.json"));

    private final RecordingDenoiser denoiser = new RecordingDenoiser();

    @Test
    void aRowComesOutTheSameAloneAndAmongOthers() {
        List<Row> together = rows();
        List<float[]> alone = new ArrayList<>();
        for (Row row : rows()) {
            alone.add(finished(row));
        }

        List<Row> left = new ArrayList<>(together);
        while (!left.isEmpty()) {
            StepBatch.advance(denoiser, SHAPE, left);
            left.removeIf(Row::isDone);
        }

        for (int i = 0; i < together.size(); i++) {
            assertThat(together.get(i).state().sample()).containsExactly(alone.get(i));
        }
    }

    @Test
    void aRowThatLeavesDoesNotDisturbItsNeighbours() {
        List<Row> rows = rows();
        float[] expected = finished(rows().get(1));

        StepBatch.advance(denoiser, SHAPE, rows);
        StepBatch.advance(denoiser, SHAPE, rows.subList(1, 3));
        while (!rows.get(1).isDone()) {
            StepBatch.advance(denoiser, SHAPE, rows.subList(1, 2));
        }

        assertThat(rows.get(1).state().sample()).containsExactly(expected);
    }

    /** A checkpoint without the sampler's memory, as of another version. */
    @Test
    void aRowWhoseOwnStepFailsDoesNotDisturbItsNeighbours() {
        Row whole = row("heun", 6, 7, 3);
        StepBatch.advance(denoiser, SHAPE, List.of(whole));
        SamplerState forgotten = new SamplerState(1, whole.state().sample(), Map.of());
        Row broken = row("heun", 6, 7, 3).at(forgotten, whole.noisePosition());
        Row neighbour = row("ddim", 5, 1, 4);

        List<StepBatch.Stepped> stepped = StepBatch.advance(denoiser, SHAPE, List.of(broken, neighbour));

        assertThat(stepped.get(0).problem()).isPresent();
        assertThat(stepped.get(0).predictedOriginal()).isEmpty();
        assertThat(broken.state()).isSameAs(forgotten);
        assertThat(stepped.get(1).problem()).isEmpty();
        assertThat(neighbour.state().step()).isEqualTo(1);
    }

    @Test
    void aRowGoesOnElsewhereFromItsStateAndItsNoise() {
        float[] expected = finished(row("euler_ancestral", 6, 7, 3));
        Row row = row("euler_ancestral", 6, 7, 3);
        StepBatch.advance(denoiser, SHAPE, List.of(row));
        StepBatch.advance(denoiser, SHAPE, List.of(row));

        float[] result = finished(row("euler_ancestral", 6, 7, 3).at(row.state(), row.noisePosition()));

        assertThat(result).containsExactly(expected);
    }

    @Test
    void guidedRowsArePairsAndOthersSingle() {
        List<Row> rows = List.of(row("ddim", 5, 1, 4), row("ddim", 5, 2, 1), row("ddim", 5, 3, 0));

        StepBatch.advance(denoiser, SHAPE, rows);

        assertThat(denoiser.seen).extracting(StepBatchTest::prompt).containsExactly(-1f, 1f, 1f, 1f);
        assertThat(denoiser.seen.get(0).sample())
                .containsExactly(denoiser.seen.get(1).sample());
        assertThat(rows).extracting(Row::cost).containsExactly(2, 1, 1);
    }

    @Test
    void guidanceGoesPastThePromptAwayFromTheNegativeOne() {
        assertThat(guidance(4).combine(List.of(new float[] {1, -1}, new float[] {2, -1}), 0, 2))
                .containsExactly(5, -1);
    }

    /** The numbers are those of diffusers' rescale_noise_cfg. */
    @Test
    void rescaledGuidanceComesNearerToThePromptsDeviation() {
        var guidance = new ClassifierFreeGuidance(states(1), states(-1), 4, 0.7f);

        assertThat(guidance.combine(List.of(new float[] {1, -1, 0.5f, 2}, new float[] {2, -1, -0.5f, 3}), 0, 4))
                .containsExactly(new float[] {2.9669232f, -0.59338474f, -2.0768466f, 3.5603082f}, Offset.offset(1e-5f));
    }

    @Test
    void guidanceOfNoSenseIsRefused() {
        assertThatThrownBy(() -> new ClassifierFreeGuidance(states(1), states(-1), Float.NaN, 0))
                .hasMessageContaining("NaN");
        assertThatThrownBy(() -> new ClassifierFreeGuidance(states(1), states(-1), 4, 1.5f))
                .hasMessageContaining("1.5");
    }

    @Test
    void aGuiderMayHaveAnyNumberOfBranchesAndFewerLater() {
        Guider guider = new Guider() {
            @Override
            public List<Tensors> branches(int step) {
                return step == 0 ? List.of(states(1), states(2), states(3)) : List.of(states(1));
            }

            @Override
            public float[] combine(List<float[]> outputs, int step, int size) {
                return outputs.get(outputs.size() - 1);
            }
        };
        Row row = row("ddim", 4, 1, guider);
        Row neighbour = row("ddim", 4, 2, 3);
        Row alone = row("ddim", 4, 2, 3);

        assertThat(row.cost()).isEqualTo(3);
        StepBatch.advance(denoiser, SHAPE, List.of(row, neighbour));
        assertThat(denoiser.seen).extracting(StepBatchTest::prompt).containsExactly(1f, 2f, 3f, -1f, 1f);
        assertThat(row.cost()).isEqualTo(1);
        StepBatch.advance(denoiser, SHAPE, List.of(row, neighbour));
        assertThat(denoiser.seen).extracting(StepBatchTest::prompt).containsExactly(1f, -1f, 1f);

        StepBatch.advance(denoiser, SHAPE, List.of(alone));
        StepBatch.advance(denoiser, SHAPE, List.of(alone));
        assertThat(neighbour.state().sample()).containsExactly(alone.state().sample());
    }

    @Test
    void x0IsReturnedOfEveryRowInOrder() {
        List<Row> rows = rows();

        List<StepBatch.Stepped> stepped = StepBatch.advance(denoiser, SHAPE, rows);

        assertThat(stepped).extracting(StepBatch.Stepped::row).containsExactlyElementsOf(rows);
        assertThat(stepped)
                .allSatisfy(step ->
                        assertThat(step.predictedOriginal().orElseThrow()).hasSize(SHAPE.size()));
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void aRowWhoseOutputIsNotFiniteStaysAndItsNeighboursGoOnAsAlone(float bad) {
        for (String sampler : Samplers.available(CONFIG)) {
            Row first = row(sampler, 5, 1, 4);
            Row second = row(sampler, 5, 2, 3);
            Row alone = row(sampler, 5, 2, 3);
            Row broken = row(sampler, 5, 3, new ClassifierFreeGuidance(states(bad), states(-1), 2, 0));

            List<StepBatch.Stepped> stepped = StepBatch.advance(denoiser, SHAPE, List.of(first, broken, second));
            StepBatch.advance(denoiser, SHAPE, List.of(alone));

            assertThat(stepped).extracting(StepBatch.Stepped::isFinite).containsExactly(true, false, true);
            assertThat(broken.state().step()).as(sampler).isZero();
            assertThat(Finite.all(broken.state().sample())).isTrue();
            assertThat(second.state().sample()).containsExactly(alone.state().sample());
        }
    }

    @Test
    void aGuidanceThatOverflowsFailsItsOwnRow() {
        Row broken = row("ddim", 5, 3, Float.MAX_VALUE);
        Row fine = row("ddim", 5, 1, 4);

        List<StepBatch.Stepped> stepped = StepBatch.advance(denoiser, SHAPE, List.of(broken, fine));

        assertThat(stepped).extracting(StepBatch.Stepped::isFinite).containsExactly(false, true);
        assertThat(fine.state().step()).isEqualTo(1);
    }

    @Test
    void nothingMovesWhereTheNetworkFails() {
        List<Row> rows = rows();
        denoiser.failure = new IllegalStateException("out of memory");

        assertThatThrownBy(() -> StepBatch.advance(denoiser, SHAPE, rows)).hasMessage("out of memory");

        assertThat(rows).allSatisfy(row -> assertThat(row.state().step()).isZero());
    }

    @Test
    void rowsThatDoNotFitAreRefused() {
        Row done = row("ddim", 1, 1, 1);
        finished(done);
        Sampler sampler = Samplers.create(CONFIG, "ddim", 2);
        var start = new RowStart(SamplerState.start(new float[3]), Tensors.NONE);
        Row small = new Row(sampler, start, new TorchGenerator(1), guidance(1));

        assertThatThrownBy(() -> StepBatch.advance(denoiser, SHAPE, List.of(done)))
                .hasMessageContaining("done");
        assertThatThrownBy(() -> StepBatch.advance(denoiser, SHAPE, List.of(small)))
                .hasMessageContaining("3 numbers");
        assertThat(StepBatch.advance(denoiser, SHAPE, List.of())).isEmpty();
    }

    @Test
    void anUpsamplersLatentAndNoiseLevelAreInputsBesideThePrompt() {
        LatentShape shape = new LatentShape(4, 6, 10);
        Row row = upsampled();

        StepBatch.advance(denoiser, shape, List.of(row));

        assertThat(denoiser.input).isEqualTo(shape);
        Tensors seen = denoiser.seen.get(0).inputs();
        assertThat(seen.get("class_labels").number()).isEqualTo(20);
        assertThat(seen.get("concat").shape()).containsExactly(4, 6, 10);
        assertThat(seen).isEqualTo(row.branches().get(0));
        assertThat(seen.has("encoder_hidden_states")).isTrue();
        assertThat(row.state().sample()).hasSize(shape.size());
    }

    @Test
    void anUpsamplerDrawsItsAugmentationBeforeItsSample() {
        NoiseSchedule schedule = NoiseSchedule.of(CONFIG);
        TorchGenerator noise = new TorchGenerator(7);
        float[] augmentation = noise.normal(240);
        float[] sample = noise.normal(240);

        Row row = upsampled();

        float[] flat = new float[240];
        assertThat(row.branches().get(0).get("concat").values())
                .containsExactly(schedule.addNoise(flat, augmentation, 20));
        assertThat(row.state().sample()).containsExactly(sample);
    }

    @Test
    void aNoiseLevelPastTheScheduleIsRefused() {
        Sampler sampler = Samplers.create(CONFIG, "ddim", 2);
        NoiseSchedule schedule = NoiseSchedule.of(CONFIG);
        float[] latent = new float[SHAPE.size()];

        assertThatThrownBy(() -> RowStart.upsampling(sampler, schedule, SHAPE, latent, 2, 1000, new TorchGenerator(1)))
                .hasMessageContaining("noise level")
                .hasMessageContaining("999");
    }

    /** Different samplers, step counts, guidance and seeds, as a busy node has them. */
    private static List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        int index = 0;
        for (String sampler : Samplers.available(CONFIG)) {
            rows.add(row(sampler, 3 + index, index, index % 2 == 0 ? 4.5f : 1));
            index++;
        }
        return rows;
    }

    private static Row row(String name, int steps, long seed, float guidanceScale) {
        return row(name, steps, seed, guidance(guidanceScale));
    }

    private static Row row(String name, int steps, long seed, Guider guidance) {
        Sampler sampler = Samplers.create(CONFIG, name, steps);
        TorchGenerator noise = new TorchGenerator(seed);
        return new Row(sampler, RowStart.fromNoise(sampler, SHAPE, noise), noise, guidance);
    }

    private static Row upsampled() {
        Sampler sampler = Samplers.create(CONFIG, "ddim", 2);
        TorchGenerator noise = new TorchGenerator(7);
        float[] latent = new float[SHAPE.size()];
        var start = RowStart.upsampling(sampler, NoiseSchedule.of(CONFIG), SHAPE, latent, 2, 20, noise);
        return new Row(sampler, start, noise, guidance(1));
    }

    private static Guider guidance(float scale) {
        return ClassifierFreeGuidance.isGuided(scale)
                ? new ClassifierFreeGuidance(states(1), states(-1), scale, 0)
                : Guider.none(states(1));
    }

    private static Tensors states(float value) {
        return Tensors.of(Tensors.ENCODER_HIDDEN_STATES, HostTensor.of(new float[] {value}, 1, 1));
    }

    private static float prompt(Denoiser.Row row) {
        return row.inputs().get(Tensors.ENCODER_HIDDEN_STATES).number();
    }

    private float[] finished(Row row) {
        while (!row.isDone()) {
            StepBatch.advance(denoiser, SHAPE, List.of(row));
        }
        return row.state().sample();
    }

    /** Answers each row by itself, from its latent, timestep and context. */
    private static final class RecordingDenoiser implements Denoiser {

        private LatentShape input;
        private List<Row> seen = List.of();
        private RuntimeException failure;

        @Override
        public List<float[]> predict(LatentShape input, List<Row> rows) {
            if (failure != null) {
                throw failure;
            }
            this.input = input;
            seen = rows;
            int area = input.height() * input.width();
            return rows.stream().map(row -> answer(row, 4 * area)).toList();
        }

        private static float[] answer(Row row, int size) {
            float[] output = new float[size];
            for (int i = 0; i < size; i++) {
                output[i] = 0.3f * row.sample()[i] + (float) Math.cos(row.timestep() + i) * prompt(row);
            }
            return output;
        }

        @Override
        public int inChannels() {
            return 4;
        }

        @Override
        public int outChannels() {
            return 4;
        }

        @Override
        public List<NetworkInput> inputs() {
            return List.of(new NetworkInput(Tensors.ENCODER_HIDDEN_STATES, List.of(NetworkInput.ANY, 1), Join.PAD));
        }

        @Override
        public void close() {}
    }
}
