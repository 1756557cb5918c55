package dev.weir.serving;

import dev.weir.engine.Denoiser;
import dev.weir.engine.Join;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.Tensors;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Sampling;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Work;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.Predicate;

/** The default model's settings around a network that is a formula; what a forward costs or breaks is the test's to say. */
final class FakeModel implements Denoiser {

    static final ModelFolder FOLDER = ModelFolder.open(Path.of("../models/default"));

    private static final LatentShape SHAPE = new LatentShape(4, 4, 4);
    private static final int WIDTH = 3;

    final List<Integer> batches = new ArrayList<>();
    /** The lengths of the prompts of each forward. */
    final List<List<Integer>> lengths = new ArrayList<>();
    /** For which rows the network gives NaN. */
    Predicate<Denoiser.Row> breaks = row -> false;

    private final IntConsumer onForward;

    /** @param onForward told of the rows of each forward before it is done; may throw */
    FakeModel(IntConsumer onForward) {
        this.onForward = onForward;
    }

    static Work work(String job, String user, Priority priority, int steps, boolean guided, long seed) {
        Task task = Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId(job))
                .setModel(FOLDER.card().id())
                .setUser(user)
                .setPriority(priority)
                .setGeneration(Generation.newBuilder().setSeed(seed).setGuidanceScale(guided ? 5 : 1))
                .addRoute(Stage.newBuilder()
                        .setName("denoiser")
                        .setRole(StageRole.DIFFUSE)
                        .setForwards(steps)
                        .setSampling(Sampling.newBuilder().setSampler("ddim").setSteps(steps))
                        .setWidth(SHAPE.width() * FOLDER.card().scale())
                        .setHeight(SHAPE.height() * FOLDER.card().scale())
                        .addTakes("cond")
                        .addTakes("uncond")
                        .addGives(Latents.NAME))
                .addRoute(Stage.newBuilder()
                        .setName("decoder")
                        .setRole(StageRole.DECODE)
                        .setForwards(1)
                        .addTakes(Latents.NAME)
                        .addKeeps(Latents.NAME))
                .build();
        return new Work(
                task,
                List.of(
                        Tensor.ofFloats("cond/encoder_hidden_states", new float[] {seed % 7, 1, 2}, 1, WIDTH),
                        Tensor.ofFloats("uncond/encoder_hidden_states", new float[] {0, 0, 0}, 1, WIDTH)));
    }

    @Override
    public List<float[]> predict(LatentShape input, List<Denoiser.Row> rows) {
        onForward.accept(rows.size());
        batches.add(rows.size());
        lengths.add(rows.stream()
                .map(row ->
                        row.inputs().get(Tensors.ENCODER_HIDDEN_STATES).shape().get(0))
                .distinct()
                .toList());
        return rows.stream().map(this::predict).toList();
    }

    private float[] predict(Denoiser.Row row) {
        float[] out = row.sample().clone();
        if (breaks.test(row)) {
            out[out.length / 2] = Float.NaN;
        }
        for (int i = 0; i < out.length; i++) {
            out[i] = 0.5f * out[i]
                    + 0.01f * row.inputs().get(Tensors.ENCODER_HIDDEN_STATES).values()[0]
                    + 0.0001f * row.timestep();
        }
        return out;
    }

    @Override
    public int inChannels() {
        return SHAPE.channels();
    }

    @Override
    public int outChannels() {
        return SHAPE.channels();
    }

    @Override
    public List<NetworkInput> inputs() {
        return List.of(new NetworkInput(Tensors.ENCODER_HIDDEN_STATES, List.of(NetworkInput.ANY, WIDTH), Join.PAD));
    }

    @Override
    public void close() {}

    DiffusionPart open(ModelFolder folder) {
        return open(folder, this);
    }

    /** The part with another network. */
    static DiffusionPart open(ModelFolder folder, Denoiser network) {
        StageSpec stage = folder.pipeline().diffusing().get(0);
        return new DiffusionPart(
                folder.card(),
                folder.pipeline().type(),
                stage,
                network,
                folder.scheduler(stage),
                folder.augmentation(stage),
                SHAPE,
                folder.latentPreview(),
                folder.loras(),
                folder.ipAdapters());
    }
}
