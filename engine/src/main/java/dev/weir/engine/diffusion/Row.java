package dev.weir.engine.diffusion;

import dev.weir.engine.Denoiser;
import dev.weir.engine.TextStates;
import dev.weir.engine.noise.NoiseSource;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.SamplerState;

/**
 * One sample's run through the denoiser, with its own sampler, step, noise and guidance.
 *
 * <p>Mutable and owned by one thread, the one that calls {@link StepBatch}. It knows no other row.
 */
public final class Row {

    private final Sampler sampler;
    private final NoiseSource noise;
    private final Guidance guidance;
    private final Conditioning conditioning;
    private SamplerState state;

    public Row(Sampler sampler, RowStart start, NoiseSource noise, Guidance guidance) {
        this(sampler, start.state(), noise, guidance, start.conditioning());
    }

    /** A row that goes on from a state, as one taken over from another node does. */
    public Row(Sampler sampler, SamplerState state, NoiseSource noise, Guidance guidance, Conditioning conditioning) {
        this.sampler = sampler;
        this.state = state;
        this.noise = noise;
        this.guidance = guidance;
        this.conditioning = conditioning;
    }

    public SamplerState state() {
        return state;
    }

    public int steps() {
        return sampler.steps();
    }

    public boolean isDone() {
        return state.step() >= sampler.steps();
    }

    public Guidance guidance() {
        return guidance;
    }

    public Conditioning conditioning() {
        return conditioning;
    }

    /** How many rows of the network's batch a step of this one takes. */
    public int cost() {
        return guidance.isPair() ? 2 : 1;
    }

    /** The network's row for one of the two prompts. */
    Denoiser.Row toward(TextStates context, float[] input) {
        return new Denoiser.Row(input, sampler.timestep(state.step()), context, conditioning.classLabel());
    }

    /** What the network sees at this step, conditioning included. */
    float[] input() {
        return conditioning.beside(sampler.scaleInput(state.step(), state.sample()));
    }

    /** Goes one step on, and returns x0. */
    float[] advance(float[] modelOutput) {
        Sampler.Advance advance = sampler.advance(state, modelOutput, noise);
        state = advance.next();
        return advance.predictedOriginal();
    }
}
