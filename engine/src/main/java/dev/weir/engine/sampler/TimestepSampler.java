package dev.weir.engine.sampler;

/** A run that visits whole timesteps of a training schedule. Subclasses have the update rule. Immutable. */
abstract class TimestepSampler implements Sampler {

    final int[] visited;
    private final NoiseSchedule schedule;

    TimestepSampler(NoiseSchedule schedule, int[] visited) {
        this.schedule = schedule;
        this.visited = visited;
    }

    @Override
    public final int steps() {
        return visited.length;
    }

    @Override
    public final float timestep(int step) {
        return visited[step];
    }

    @Override
    public final float[] addNoise(int step, float[] original, float[] noise) {
        return schedule.addNoise(original, noise, visited[step]);
    }
}
