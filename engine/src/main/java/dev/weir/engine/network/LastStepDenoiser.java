package dev.weir.engine.network;

import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.NetworkInput;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Two networks that take the same, of which the second makes the last step of every run, that at timestep 0. Rows at other steps and
 * rows at the last one go through a forward pass of their own. One device thread owns it.
 */
final class LastStepDenoiser implements Denoiser {

    private static final float END = 0;

    private final Denoiser others;
    private final Denoiser last;

    LastStepDenoiser(Denoiser others, Denoiser last) {
        this.others = others;
        this.last = last;
    }

    @Override
    public List<float[]> predict(LatentShape sample, List<Row> rows) {
        var ending = rows.stream().filter(LastStepDenoiser::isLast).toList();
        var going = rows.stream().filter(row -> !isLast(row)).toList();
        var ended = last.predict(sample, ending).iterator();
        var gone = others.predict(sample, going).iterator();
        var all = new ArrayList<float[]>();
        for (Row row : rows) {
            all.add(isLast(row) ? ended.next() : gone.next());
        }
        return all;
    }

    private static boolean isLast(Row row) {
        return row.timestep() == END;
    }

    @Override
    public List<Float> timesteps() {
        return Stream.concat(others.timesteps().stream(), Stream.of(END)).toList();
    }

    @Override
    public List<NetworkInput> inputs() {
        return others.inputs();
    }

    @Override
    public int inChannels() {
        return others.inChannels();
    }

    @Override
    public int outChannels() {
        return others.outChannels();
    }

    @Override
    public void close() {
        others.close();
        last.close();
    }
}
