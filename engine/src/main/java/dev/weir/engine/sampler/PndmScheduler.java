package dev.weir.engine.sampler;

import java.util.Map;

/**
 * Pseudo numerical methods for diffusion models: Liu et al. 2022 (arXiv 2202.09778), formulas 9 and 12.
 *
 * <p>The linear multistep method (PLMS) needs outputs of three steps before. They come from a prologue of Runge-Kutta steps
 * (PRK), four network calls each. Without it ({@code skip_prk_steps}) the run starts as in CompVis/latent-diffusion pull
 * request 51: the first step runs the network twice, the second time where it led, and does it again with the mean of both
 * outputs.
 */
record PndmScheduler(
        NoiseSchedule noise, Timesteps timesteps, Prediction prediction, boolean skipsPrk, boolean finalAlphaOne)
        implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("PNDMScheduler", PndmScheduler::read)
            .named("pndm", new Calls(1, 1), Map.of("skip_prk_steps", true))
            .named("pndm_prk", new Calls(1, 9), Map.of("skip_prk_steps", false));

    static final int ORDER = 4;

    private static PndmScheduler read(SchedulerKeys keys) {
        NoiseSchedule noise = NoiseSchedule.read(keys, NoiseSchedule.Defaults.PLAIN);
        return new PndmScheduler(
                noise,
                Timesteps.read(keys, Spacing.LEADING, noise.length()),
                Prediction.read(keys, Prediction.V_PREDICTION),
                keys.flag("skip_prk_steps", false),
                keys.flag("set_alpha_to_one", false));
    }

    @Override
    public int mostSteps() {
        return noise.length();
    }

    @Override
    public Sampler sampler(Run run) {
        int stride = noise.length() / run.steps();
        int[] spaced = timesteps.whole(run.steps());
        if (!skipsPrk && run.steps() < ORDER) {
            throw new IllegalArgumentException(
                    "steps must be at least %d for PNDM's Runge-Kutta steps, not %d".formatted(ORDER, run.steps()));
        }
        return new PndmSampler(this, skipsPrk ? plms(spaced) : prk(spaced, stride / 2), stride);
    }

    /** The second timestep twice. */
    private static int[] plms(int[] spaced) {
        int[] visited = new int[spaced.length == 1 ? 1 : spaced.length + 1];
        for (int call = 0; call < visited.length; call++) {
            visited[call] = spaced[call < 2 ? call : call - 1];
        }
        return visited;
    }

    /** Four calls for each of the first three timesteps: there, twice in the middle, and at the next one. */
    private static int[] prk(int[] spaced, int half) {
        int prologue = ORDER * (ORDER - 1);
        int[] visited = new int[prologue + spaced.length - ORDER + 1];
        for (int step = 0; step < ORDER - 1; step++) {
            visited[ORDER * step] = spaced[step];
            visited[ORDER * step + 1] = spaced[step + 1] + half;
            visited[ORDER * step + 2] = spaced[step + 1] + half;
            visited[ORDER * step + 3] = spaced[step + 1];
        }
        System.arraycopy(spaced, ORDER - 1, visited, prologue, spaced.length - ORDER + 1);
        return visited;
    }
}
