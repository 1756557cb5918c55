package dev.weir.engine.diffusion;

import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import java.util.ArrayList;
import java.util.List;

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
     * @param predictedOriginal x0, the predicted clean latent
     */
    public record Stepped(Row row, float[] predictedOriginal) {}

    /**
     * Makes one step for every row, in order. If the network fails, no row has advanced.
     *
     * @param shape of each row's sample, without conditioning channels
     * @param rows unfinished, all with the same number of conditioning channels
     */
    public static List<Stepped> advance(Denoiser denoiser, LatentShape shape, List<Row> rows) {
        if (rows.isEmpty()) {
            return List.of();
        }
        List<float[]> outputs = denoiser.predict(inputShape(shape, rows), packed(shape, rows));
        List<Stepped> stepped = new ArrayList<>(rows.size());
        int next = 0;
        for (Row row : rows) {
            float[] output = outputs.get(next);
            if (row.guidance().isPair()) {
                output = row.guidance().combine(output, outputs.get(next + 1));
            }
            next += row.cost();
            stepped.add(new Stepped(row, row.advance(output)));
        }
        return stepped;
    }

    private static LatentShape inputShape(LatentShape shape, List<Row> rows) {
        int beside = rows.get(0).conditioning().channels();
        for (Row row : rows) {
            if (row.conditioning().channels() != beside) {
                throw new IllegalArgumentException("rows of %d and of %d conditioning channels do not share a batch"
                        .formatted(beside, row.conditioning().channels()));
            }
        }
        return new LatentShape(shape.channels() + beside, shape.height(), shape.width());
    }

    /** The negative prompt's row before the positive one's; one row without guidance. */
    private static List<Denoiser.Row> packed(LatentShape shape, List<Row> rows) {
        List<Denoiser.Row> packed = new ArrayList<>(2 * rows.size());
        for (Row row : rows) {
            if (row.isDone()) {
                throw new IllegalArgumentException("a row of %d steps is done".formatted(row.steps()));
            }
            if (row.state().sample().length != shape.size()) {
                throw new IllegalArgumentException("a sample of %d numbers is not of shape %s"
                        .formatted(row.state().sample().length, shape));
            }
            float[] input = row.input();
            if (row.guidance().isPair()) {
                packed.add(row.toward(row.guidance().negative(), input));
            }
            packed.add(row.toward(row.guidance().positive(), input));
        }
        return packed;
    }
}
