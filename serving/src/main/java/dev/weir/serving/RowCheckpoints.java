package dev.weir.serving;

import dev.weir.engine.Finite;
import dev.weir.engine.LatentShape;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.noise.NoisePosition;
import dev.weir.engine.sampler.SamplerState;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpoint;
import dev.weir.runtime.route.Ports;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Work;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Checkpoints of rows. States are immutable, so the device thread only takes references, and the supplier creates the
 * message on its caller's thread. Everything is float32, so a run that continues elsewhere is bit-identical.
 */
final class RowCheckpoints {

    private static final String SAMPLE = Snapshot.PREFIX + "sample";
    private static final String MEMORY = Snapshot.PREFIX + "memory.";

    private RowCheckpoints() {}

    /** Of a row in the middle of its run. */
    static Supplier<Snapshot> of(Work work, LatentShape shape, Row row) {
        SamplerState state = row.state();
        NoisePosition noise = row.noisePosition();
        return () -> new Snapshot(
                Checkpoint.newBuilder()
                        .setPosition(work.task().getPosition())
                        .putAllFingerprints(work.task().getFingerprintsMap())
                        .setStep(state.step())
                        .setNoise(toProto(noise))
                        .build(),
                tensors(work, shape, state));
    }

    /** Of a finished row: the next stage starts with its latent. */
    static Supplier<Snapshot> atNextStage(Work work, Tensor latent) {
        return () -> new Snapshot(
                Checkpoint.newBuilder()
                        .setPosition(work.task().getPosition() + 1)
                        .putAllFingerprints(work.task().getFingerprintsMap())
                        .build(),
                kept(work, latent));
    }

    /**
     * The row at the position from which its task continues. Throws IllegalArgumentException if the two do not match.
     */
    static Row resumed(Row start, Work work) {
        return work.resume()
                .map(at -> start.at(
                        new SamplerState(at.getStep(), finite(work.tensor(SAMPLE)), memory(work)),
                        fromProto(at.getNoise())))
                .orElse(start);
    }

    private static float[] finite(Tensor tensor) {
        float[] values = tensor.toFloats();
        if (!Finite.all(values)) {
            throw new IllegalArgumentException(tensor.name() + " is not finite, so no sample can continue from it");
        }
        return values;
    }

    private static List<Tensor> tensors(Work work, LatentShape shape, SamplerState state) {
        List<Tensor> tensors = new ArrayList<>();
        tensors.add(Latents.toTensor(SAMPLE, shape, state.sample()));
        state.memory().forEach((name, values) -> tensors.add(Tensor.ofFloats(MEMORY + name, values, values.length)));
        tensors.addAll(given(work, work.task().getPosition()));
        return tensors;
    }

    private static Map<String, float[]> memory(Work work) {
        return work.tensors().stream()
                .filter(tensor -> tensor.name().startsWith(MEMORY))
                .collect(Collectors.toMap(
                        tensor -> tensor.name().substring(MEMORY.length()), tensor -> fitting(tensor, work)));
    }

    /** Samplers keep arrays of the sample's size, and single numbers. */
    private static float[] fitting(Tensor tensor, Work work) {
        float[] values = finite(tensor);
        int size = work.tensor(SAMPLE).toFloats().length;
        if (values.length != 1 && values.length != size) {
            throw new IllegalArgumentException(
                    "%s of %d numbers does not fit a sample of %d".formatted(tensor.name(), values.length, size));
        }
        return values;
    }

    /** What later stages keep of this one and of earlier ones. */
    private static List<Tensor> kept(Work work, Tensor made) {
        List<Tensor> tensors = new ArrayList<>(given(work, work.task().getPosition() + 1));
        tensors.removeIf(tensor -> tensor.name().equals(Snapshot.GIVEN + made.name()));
        tensors.add(Snapshot.asGiven(made));
        return tensors;
    }

    private static List<Tensor> given(Work work, int position) {
        return work.tensors().stream()
                .filter(tensor -> Ports.isKept(work.task().getRouteList(), position, Snapshot.givenName(tensor)))
                .map(Snapshot::asGiven)
                .toList();
    }

    private static dev.weir.proto.v1.NoisePosition toProto(NoisePosition noise) {
        return dev.weir.proto.v1.NoisePosition.newBuilder()
                .setSeed(noise.seed())
                .setDrawn(noise.drawn())
                .setSpare(noise.spare())
                .build();
    }

    private static NoisePosition fromProto(dev.weir.proto.v1.NoisePosition noise) {
        return new NoisePosition(noise.getSeed(), noise.getDrawn(), noise.getSpare());
    }
}
