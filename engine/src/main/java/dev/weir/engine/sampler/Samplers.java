package dev.weir.engine.sampler;

import dev.weir.engine.ModelException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The samplers by name. Each computes exactly what the corresponding scheduler of diffusers computes, or is refused.
 */
public final class Samplers {

    private static final List<String> NAMES =
            NamedSampler.ALL.stream().map(NamedSampler::name).toList();

    private Samplers() {}

    public static List<String> names() {
        return NAMES;
    }

    /** The samplers that support this model's configuration. */
    public static List<String> available(SchedulerConfig config) {
        return NAMES.stream().filter(name -> refusal(config, name).isEmpty()).toList();
    }

    /**
     * A run of so many steps over a model's schedule.
     *
     * @param sampler as {@link SamplerSpec#parse} reads it
     * @throws IllegalArgumentException where there is no such sampler, where it does not compute what the model's
     *     configuration asks for, or where there are more steps than the schedule has timesteps
     */
    public static Sampler create(SchedulerConfig config, String sampler, int steps) {
        return create(config, SamplerSpec.parse(sampler), steps);
    }

    /** See {@link #create(SchedulerConfig, String, int)}. */
    public static Sampler create(SchedulerConfig config, SamplerSpec spec, int steps) {
        SamplerConfig read = read(config, spec.name());
        if (steps < 1 || steps > read.trainTimesteps()) {
            throw new IllegalArgumentException(
                    "steps must be between 1 and %d, not %d".formatted(read.trainTimesteps(), steps));
        }
        return switch (named(spec.name()).scheduler()) {
            case DDPM -> new DdpmSampler(read, steps);
            case DDIM -> new DdimSampler(read, spec.eta(), steps);
            case PNDM -> new PndmSampler(read, steps);
            case EULER -> new EulerSampler(read, steps);
            case EULER_ANCESTRAL -> new EulerAncestralSampler(read, steps);
            case DPM_SOLVER_MULTISTEP -> new DpmSolverSampler(read, steps);
        };
    }

    /** Throws {@link IllegalArgumentException} where {@link #create} would for the sampler's sake. */
    public static void requireAvailable(SchedulerConfig config, String sampler) {
        read(config, SamplerSpec.parse(sampler).name());
    }

    /** Network calls of a run beyond one a step, where it has two steps or more. */
    public static int extraCalls(String sampler) {
        return named(SamplerSpec.parse(sampler).name()).scheduler() == SchedulerClass.PNDM ? 1 : 0;
    }

    /**
     * The sampler that computes what the model's own scheduler computes.
     *
     * @throws ModelException naming the scheduler, what of it is not available, and the samplers that are
     */
    public static String defaultName(SchedulerConfig config) {
        NamedSampler nearest = NamedSampler.ALL.stream()
                .filter(sampler -> sampler.scheduler().className().equals(config.className()))
                .min(Comparator.comparingInt(
                        sampler -> sampler.differences(config.keys()).size()))
                .orElseThrow(() -> unavailable(
                        config, config.className().isEmpty() ? "a scheduler without a name" : config.className()));
        List<String> differences = nearest.differences(config.keys());
        if (!differences.isEmpty()) {
            throw unavailable(config, "%s with %s".formatted(config.className(), String.join(", ", differences)));
        }
        refusal(config, nearest.name()).ifPresent(reason -> {
            throw unavailable(config, "%s (%s)".formatted(config.className(), reason));
        });
        return nearest.name();
    }

    private static ModelException unavailable(SchedulerConfig config, String what) {
        List<String> available = available(config);
        return new ModelException(
                available.isEmpty()
                        ? "%s: %s is not available, and no other sampler fits this file".formatted(config.file(), what)
                        : "%s: %s is not available; available: %s"
                                .formatted(config.file(), what, String.join(", ", available)));
    }

    private static Optional<String> refusal(SchedulerConfig config, String name) {
        try {
            config.of(named(name));
            return Optional.empty();
        } catch (ModelException e) {
            return Optional.of(e.getMessage().replace(config.file() + ": ", ""));
        }
    }

    private static SamplerConfig read(SchedulerConfig config, String name) {
        try {
            return config.of(named(name));
        } catch (ModelException e) {
            throw new IllegalArgumentException(
                    "sampler %s is not available for this model: %s; available: %s"
                            .formatted(name, e.getMessage(), String.join(", ", available(config))),
                    e);
        }
    }

    private static NamedSampler named(String name) {
        return NamedSampler.find(name)
                .orElseThrow(() -> new IllegalArgumentException(
                        "unknown sampler %s; known: %s".formatted(name, String.join(", ", NAMES))));
    }
}
