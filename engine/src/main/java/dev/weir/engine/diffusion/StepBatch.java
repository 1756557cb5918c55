package dev.weir.engine.diffusion;

import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.control.ControlNet;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One step of many rows in one forward pass of the network: rows of one shape, each with its own sampler, step and
 * guidance.
 *
 * <p>The arithmetic outside the network is per row, so a row's result does not depend on the other rows of its batch.
 * It neither selects nor stores rows.
 */
public final class StepBatch {

    private StepBatch() {}

    /**
     * The result of a step for one row.
     *
     * @param predictedOriginal x0, the predicted clean latent; empty if the network's output or the new state has a number that
     *     is not finite, or the row's own step failed, in which case the row has not advanced
     * @param problem why the row's own step failed
     */
    public record Stepped(Row row, Optional<float[]> predictedOriginal, Optional<RuntimeException> problem) {

        public boolean isFinite() {
            return predictedOriginal.isPresent();
        }
    }

    /**
     * Makes one step for every row, in order. If the network fails, no row has advanced. A row whose numbers are not finite,
     * or whose sampler, guidance, LoRA or ControlNet fails, does not advance either, and does not affect the others.
     *
     * @param shape of what each row's branches see of its sample
     * @param rows unfinished, of one {@link dev.weir.engine.Signature}
     */
    public static List<Stepped> advance(Denoiser denoiser, LatentShape shape, List<Row> rows) {
        if (rows.isEmpty()) {
            return List.of();
        }
        Map<Row, RuntimeException> failed = load(denoiser, rows);
        List<Row> loaded = rows.stream().filter(row -> !failed.containsKey(row)).toList();
        List<float[]> outputs = loaded.isEmpty() ? List.of() : denoiser.predict(shape, packed(shape, loaded));
        List<Stepped> stepped = new ArrayList<>(rows.size());
        int next = 0;
        for (Row row : rows) {
            if (failed.containsKey(row)) {
                stepped.add(new Stepped(row, Optional.empty(), Optional.of(failed.get(row))));
                continue;
            }
            List<float[]> own = outputs.subList(next, next + row.cost());
            next += row.cost();
            stepped.add(step(row, own));
        }
        return stepped;
    }

    /** Reads the LoRAs and the ControlNets of all rows. The rows whose files cannot be read, with the reason. */
    private static Map<Row, RuntimeException> load(Denoiser denoiser, List<Row> rows) {
        Map<Row, RuntimeException> failed = new IdentityHashMap<>();
        Set<Lora> needed = rows.stream()
                .flatMap(row -> row.loras().stream())
                .map(WeightedLora::lora)
                .collect(Collectors.toSet());
        Set<ControlNet> steering =
                rows.stream().flatMap(row -> row.controlNets().stream()).collect(Collectors.toSet());
        for (Row row : rows) {
            try {
                denoiser.load(row.loras(), needed);
                denoiser.loadControls(row.controlNets(), steering);
            } catch (ModelException e) {
                failed.put(row, e);
            }
        }
        return failed;
    }

    private static Stepped step(Row row, List<float[]> outputs) {
        try {
            return new Stepped(row, row.advance(outputs), Optional.empty());
        } catch (RuntimeException e) {
            return new Stepped(row, Optional.empty(), Optional.of(e));
        }
    }

    private static List<Denoiser.Row> packed(LatentShape shape, List<Row> rows) {
        List<Denoiser.Row> packed = new ArrayList<>(2 * rows.size());
        for (Row row : rows) {
            if (row.isDone()) {
                throw new IllegalArgumentException("a row of %d steps is done".formatted(row.steps()));
            }
            for (Denoiser.Row branch : row.networkRows()) {
                if (branch.sample().length != shape.size()) {
                    throw new IllegalArgumentException(
                            "a sample of %d numbers is not of shape %s".formatted(branch.sample().length, shape));
                }
                packed.add(branch);
            }
        }
        return packed;
    }
}
