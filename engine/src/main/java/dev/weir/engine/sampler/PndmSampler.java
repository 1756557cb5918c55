package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A run of {@link PndmScheduler}. Its memory has the calls done, the last outputs, and what a step of several calls needs. */
final class PndmSampler extends TimestepSampler {

    private static final int ORDER = PndmScheduler.ORDER;
    private static final int PROLOGUE = ORDER * (ORDER - 1);
    private static final String COUNTER = "counter";
    private static final String OUTPUTS = "ets";
    private static final String FROM = "cur_sample";
    private static final String SUM = "cur_model_output";

    private final PndmScheduler scheduler;
    private final int stride;

    PndmSampler(PndmScheduler scheduler, int[] visited, int stride) {
        super(scheduler.noise(), visited);
        this.scheduler = scheduler;
        this.stride = stride;
    }

    @Override
    public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
        int counter = state.remembers(COUNTER) ? (int) state.recall(COUNTER)[0] : 0;
        float alpha = scheduler.noise().alphaCumprod(visited[state.step()]);
        float[] original = scheduler
                .prediction()
                .original(Floats.sqrt(alpha), Floats.sqrt(1 - alpha), state.sample(), modelOutput);
        Move move = scheduler.skipsPrk() || counter >= PROLOGUE
                ? plms(counter, state, modelOutput)
                : prk(counter, state, modelOutput);
        Map<String, float[]> memory = new HashMap<>(move.memory());
        memory.put(COUNTER, new float[] {counter + 1});
        return new Advance(state.next(transfer(move), memory), original);
    }

    /** A sample, to be transferred from one timestep to another along an output, and what to keep afterwards. */
    private record Move(float[] sample, int from, int to, float[] output, Map<String, float[]> memory) {}

    private Move plms(int counter, SamplerState state, float[] output) {
        int timestep = visited[state.step()];
        List<float[]> outputs = state.recent(OUTPUTS);
        if (counter == 1) {
            float[] mean = Floats.mix(0.5f, output, 0.5f, outputs.get(0));
            return new Move(
                    state.recall(FROM), timestep + stride, timestep, mean, SamplerState.remember(OUTPUTS, outputs));
        }
        outputs.add(0, output);
        List<float[]> kept = outputs.subList(0, Math.min(outputs.size(), ORDER));
        Map<String, float[]> memory = SamplerState.remember(OUTPUTS, kept.subList(0, Math.min(kept.size(), ORDER - 1)));
        if (counter == 0) {
            memory.put(FROM, state.sample());
        }
        return new Move(state.sample(), timestep, timestep - stride, multistep(kept), memory);
    }

    /** The classical Runge-Kutta method, formula 13 of the paper: each four calls start from the same sample. */
    private Move prk(int counter, SamplerState state, float[] output) {
        int phase = counter % ORDER;
        int timestep = visited[state.step()];
        int to = timestep - (phase % 2 == 0 ? stride / 2 : 0);
        List<float[]> outputs = state.recent(OUTPUTS);
        float[] from = phase == 0 ? state.sample() : state.recall(FROM);
        float[] sum =
                switch (phase) {
                    case 0 -> Floats.scale(1 / 6f, output);
                    case 3 -> Floats.mix(1, state.recall(SUM), 1 / 6f, output);
                    default -> Floats.mix(1, state.recall(SUM), 1 / 3f, output);
                };
        if (phase == 0) {
            outputs.add(0, output);
        }
        Map<String, float[]> memory = SamplerState.remember(OUTPUTS, outputs);
        if (phase < ORDER - 1) {
            memory.put(FROM, from);
            memory.put(SUM, sum);
        }
        int start = prkTimestep(counter);
        return new Move(from, start, to, phase == ORDER - 1 ? sum : output, memory);
    }

    /** The timestep of the first of four calls, in the prologue of the whole schedule. */
    private int prkTimestep(int counter) {
        return visited[counter / ORDER * ORDER];
    }

    /** Adams-Bashforth of as many outputs as there are, the newest first: formula 12 of the paper for four. */
    private static float[] multistep(List<float[]> outputs) {
        int oldest = outputs.size() - 1;
        float[] e0 = outputs.get(0);
        float[] e1 = outputs.get(Math.min(oldest, 1));
        float[] e2 = outputs.get(Math.min(oldest, 2));
        float[] e3 = outputs.get(oldest);
        float[] combined = new float[e0.length];
        for (int i = 0; i < combined.length; i++) {
            combined[i] = switch (outputs.size()) {
                case 1 -> e0[i];
                case 2 -> (3 * e0[i] - e1[i]) / 2;
                case 3 -> (23 * e0[i] - 16 * e1[i] + 5 * e2[i]) / 12;
                default -> (1 / 24f) * (55 * e0[i] - 59 * e1[i] + 37 * e2[i] - 9 * e3[i]);
            };
        }
        return combined;
    }

    /** Formula 9 of the paper. */
    private float[] transfer(Move move) {
        NoiseSchedule noise = scheduler.noise();
        float alpha = noise.alphaCumprod(move.from());
        float alphaNext =
                move.to() >= 0 ? noise.alphaCumprod(move.to()) : scheduler.finalAlphaOne() ? 1 : noise.alphaCumprod(0);
        float[] sample = move.sample();
        float[] direction =
                scheduler.prediction().noise(Floats.sqrt(alpha), Floats.sqrt(1 - alpha), sample, move.output());
        float sampleShare = Floats.sqrt(alphaNext / alpha);
        float scale = alpha * Floats.sqrt(1 - alphaNext) + Floats.sqrt(alpha * (1 - alpha) * alphaNext);
        float difference = alphaNext - alpha;
        float[] next = new float[sample.length];
        for (int i = 0; i < next.length; i++) {
            next[i] = sampleShare * sample[i] - difference * direction[i] / scale;
        }
        return next;
    }
}
