package dev.weir.engine.diffusion;

import dev.weir.engine.Denoiser;
import dev.weir.engine.Finite;
import dev.weir.engine.Tensors;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.control.Control;
import dev.weir.engine.control.ControlNet;
import dev.weir.engine.noise.NoisePosition;
import dev.weir.engine.noise.NoiseStream;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.SamplerState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * One sample's run through the denoiser, with its own sampler, step, noise and guidance.
 *
 * <p>Mutable and owned by one thread, which calls {@link StepBatch}. It is independent of other rows.
 */
public final class Row {

    /** What guidance remembers is in the memory of the sampler's state, where a checkpoint has it. */
    private static final String GUIDANCE = "guidance";

    private final Sampler sampler;
    private final NoiseStream noise;
    private final Guider guider;
    private final Tensors inputs;
    private final List<WeightedLora> loras;
    private final List<Control> controls;
    private SamplerState state;

    public Row(Sampler sampler, RowStart start, NoiseStream noise, Guider guider) {
        this(sampler, start.state(), noise, guider, start.inputs(), List.of(), List.of());
    }

    private Row(
            Sampler sampler,
            SamplerState state,
            NoiseStream noise,
            Guider guider,
            Tensors inputs,
            List<WeightedLora> loras,
            List<Control> controls) {
        this.sampler = sampler;
        this.state = state;
        this.noise = noise;
        this.guider = guider;
        this.inputs = inputs;
        this.loras = List.copyOf(loras);
        this.controls = List.copyOf(controls);
    }

    /** The same run through a network that LoRAs change. */
    public Row with(List<WeightedLora> changing) {
        return new Row(sampler, state, noise, guider, inputs, changing, controls);
    }

    /** The same run, steered by ControlNets and T2I-Adapters. */
    public Row steeredBy(List<Control> steering) {
        return new Row(sampler, state, noise, guider, inputs, loras, steering);
    }

    /** The ControlNets and T2I-Adapters that steer its next step. */
    public List<ControlNet> controlNets() {
        return controls.stream()
                .filter(control -> control.steers(state.step(), steps(), true))
                .map(Control::net)
                .distinct()
                .toList();
    }

    public List<WeightedLora> loras() {
        return loras;
    }

    /** The same run at another point, for a takeover from another node. */
    public Row at(SamplerState otherState, NoisePosition position) {
        if (otherState.step() < 0 || otherState.step() > steps()) {
            throw new IllegalArgumentException(
                    "step must be between 0 and %d, not %d".formatted(steps(), otherState.step()));
        }
        if (otherState.sample().length != state.sample().length) {
            throw new IllegalArgumentException("a sample of %d numbers does not go on as one of %d"
                    .formatted(state.sample().length, otherState.sample().length));
        }
        return new Row(sampler, otherState, noise.at(position), guider, inputs, loras, controls);
    }

    public SamplerState state() {
        return state;
    }

    /** Its position in the noise stream, which with its state is everything that another node needs to continue. */
    public NoisePosition noisePosition() {
        return noise.position();
    }

    public int steps() {
        return sampler.steps();
    }

    public boolean isDone() {
        return state.step() >= sampler.steps();
    }

    /** What the network takes in each of its rows for the next step. */
    public List<Tensors> branches() {
        return guider.branches(state.step()).stream()
                .map(branch -> branch.with(inputs))
                .toList();
    }

    /** The number of rows in the network's batch for the next step of this row. */
    public int cost() {
        return guider.branches(state.step()).size();
    }

    /** The rows of all ControlNets together for the next step of this row. T2I-Adapters have none, because they do not see the sample. */
    public int steeredRows() {
        return controls.isEmpty()
                ? 0
                : (int) IntStream.range(0, cost())
                        .boxed()
                        .flatMap(branch -> steering(branch).stream())
                        .filter(control -> !control.net().isT2iAdapter())
                        .count();
    }

    /** The ControlNets that steer a branch in the next step; none after the last. */
    private List<Control> steering(int branch) {
        return controls.stream()
                .filter(control -> control.steers(state.step(), steps(), guider.isPrompt(state.step(), branch)))
                .toList();
    }

    /** The network's rows for a step, one for each branch. */
    List<Denoiser.Row> networkRows() {
        float[] sample = sampler.scaleInput(state.step(), state.sample());
        float timestep = sampler.timestep(state.step());
        List<Tensors> branches = branches();
        List<Denoiser.Row> rows = new ArrayList<>();
        for (int i = 0; i < branches.size(); i++) {
            float[] seen = guider.seen(sample, state.step(), i);
            rows.add(new Denoiser.Row(seen, timestep, branches.get(i), loras, steering(i)));
        }
        return rows;
    }

    /**
     * Makes one step and returns x0. If the step gives a number that is not finite, the row keeps its state and returns
     * nothing. It may have drawn noise, so it cannot be advanced again.
     *
     * @param outputs of the network for {@link #networkRows}
     */
    Optional<float[]> advance(List<float[]> outputs) {
        // A sampler that clips would hide an infinity, so the network's own outputs are looked at first.
        if (!outputs.stream().allMatch(Finite::all)) {
            return Optional.empty();
        }
        Combined combined = guider.combine(
                outputs,
                state.step(),
                state.sample().length,
                Optional.ofNullable(state.memory().get(GUIDANCE)));
        Sampler.Advance advance = sampler.advance(state, combined.output(), noise);
        if (!isFinite(advance)) {
            return Optional.empty();
        }
        state = combined.remembered()
                .map(difference -> advance.next().with(GUIDANCE, difference))
                .orElse(advance.next());
        return Optional.of(advance.predictedOriginal());
    }

    private static boolean isFinite(Sampler.Advance advance) {
        return Finite.all(advance.next().sample())
                && advance.next().memory().values().stream().allMatch(Finite::all)
                && Finite.all(advance.predictedOriginal());
    }
}
