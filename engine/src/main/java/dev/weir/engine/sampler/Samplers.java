package dev.weir.engine.sampler;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.engine.ModelException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The samplers by name. Each computes exactly what the corresponding scheduler of diffusers computes, or is refused.
 */
public final class Samplers {

    private static final List<String> NAMES = SchedulerTypes.ALL.stream()
            .flatMap(type -> SchedulerTypes.names(type).stream())
            .toList();
    private static final ObjectMapper JSON = new ObjectMapper();

    private Samplers() {}

    /**
     * What a request may say of a sampler.
     *
     * @param schedules the names of the sigma schedules that fit the model; empty where the sampler has none
     * @param takesEta whether it may say {@code eta}
     * @param calls the network calls of a run
     * @param leastSteps that a run may have; few samplers need more than one
     * @param mostSteps that a run may have, within the bound that was asked for
     * @param laysOutStrength whether the schedule can be laid out for a strength: see {@link Span}
     */
    public record Choice(
            String name,
            List<String> schedules,
            boolean takesEta,
            Calls calls,
            int leastSteps,
            int mostSteps,
            boolean laysOutStrength) {}

    private static final int LEAST_TOKENS = 1;

    public static List<String> names() {
        return NAMES;
    }

    /** The samplers that support this model's configuration. */
    public static List<String> available(SchedulerConfig config) {
        return NAMES.stream()
                .filter(name -> refusal(config, SamplerSpec.of(name)).isEmpty())
                .toList();
    }

    /** The samplers that support this model's configuration, and what a request of so many steps or fewer may say of each. */
    public static List<Choice> choices(SchedulerConfig config, int mostSteps) {
        List<Choice> choices = new ArrayList<>();
        for (String name : available(config)) {
            SchedulerType type = type(name);
            boolean fixed = type.name(name).fixesSchedule();
            List<String> schedules = type.schedules().stream()
                    .sorted()
                    .filter(spacing -> !fixed
                            && refusal(config, withSchedule(name, spacing)).isEmpty())
                    .map(SigmaSpacing::schedule)
                    .toList();
            Scheduler scheduler = scheduler(config, SamplerSpec.of(name));
            int most = Math.min(scheduler.mostSteps(), mostSteps);
            choices.add(new Choice(
                    name,
                    schedules,
                    type.takesEta(),
                    calls(name),
                    firstThatRuns(scheduler, IntStream.rangeClosed(1, most)).orElse(1),
                    firstThatRuns(scheduler, IntStream.rangeClosed(1, most).map(step -> most + 1 - step))
                            .orElse(most),
                    scheduler.laysOutStrength()));
        }
        return choices;
    }

    private static OptionalInt firstThatRuns(Scheduler scheduler, IntStream counts) {
        return counts.filter(steps -> runs(scheduler, steps)).findFirst();
    }

    private static boolean runs(Scheduler scheduler, int steps) {
        try {
            scheduler.sampler(new Scheduler.Run(steps, Optional.empty(), 1, OptionalInt.of(LEAST_TOKENS)));
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /**
     * A run of so many steps over a model's schedule.
     *
     * @param sampler as {@link SamplerSpec#parse} reads it
     * @throws IllegalArgumentException where there is no such sampler, where it does not compute what the model's
     *     configuration asks for, or where there are more steps than the schedule has timesteps
     */
    public static Sampler create(SchedulerConfig config, String sampler, int steps) {
        return create(config, SamplerSpec.parse(sampler), Span.whole(steps));
    }

    /** See {@link #create(SchedulerConfig, String, int)}. */
    public static Sampler create(SchedulerConfig config, SamplerSpec spec, Span span) {
        return create(config, spec, span, OptionalInt.empty());
    }

    /**
     * See {@link #create(SchedulerConfig, String, int)}.
     *
     * @param tokens of the picture for a transformer: {@code use_dynamic_shifting} depends on them
     */
    public static Sampler create(SchedulerConfig config, SamplerSpec spec, Span span, OptionalInt tokens) {
        Scheduler scheduler = read(config, spec);
        int steps = span.steps();
        if (steps < 1 || steps > scheduler.mostSteps()) {
            throw new IllegalArgumentException(
                    "steps must be between 1 and %d, not %d".formatted(scheduler.mostSteps(), steps));
        }
        boolean isLaidOut = span.count() == StrengthCount.ALL_STEPS && scheduler.laysOutStrength();
        double strength = isLaidOut ? span.strength() : 1;
        Sampler whole = scheduler.sampler(new Scheduler.Run(steps, spec.eta(), strength, tokens));
        return isLaidOut ? whole : span.of(whole, config.trainTimesteps());
    }

    /** Whether steps of an available sampler may be guided by the gradient of a classifier. */
    public static boolean takesGradient(SchedulerConfig config, String sampler) {
        return read(config, SamplerSpec.parse(sampler)).takesGradient();
    }

    /** Throws {@link IllegalArgumentException} where {@link #create} would for the sampler's sake. */
    public static void requireAvailable(SchedulerConfig config, String sampler) {
        read(config, SamplerSpec.parse(sampler));
    }

    /** The network calls of whole runs. */
    public static Calls calls(String sampler) {
        String name = SamplerSpec.parse(sampler).name();
        return type(name).name(name).calls();
    }

    /**
     * The sampler that computes what the model's own scheduler computes.
     *
     * @throws ModelException naming the scheduler, what of it is not available, and the samplers that are
     */
    public static String defaultName(SchedulerConfig config) {
        SchedulerType type = SchedulerTypes.ofClass(config.className())
                .orElseThrow(() -> unavailable(
                        config, config.className().isEmpty() ? "a scheduler without a name" : config.className()));
        Scheduler own;
        try {
            own = type.read(config.ownKeys());
        } catch (ModelException e) {
            throw unavailable(config, "%s (%s)".formatted(config.className(), withoutFile(config, e)));
        }
        return SchedulerTypes.names(type).stream()
                .filter(name ->
                        find(config, SamplerSpec.of(name)).filter(own::equals).isPresent())
                .findFirst()
                .orElseThrow(() -> unavailable(config, config.className()));
    }

    private static SamplerSpec withSchedule(String name, SigmaSpacing spacing) {
        return new SamplerSpec(name, Optional.of(spacing), Optional.empty());
    }

    private static SchedulerType type(String name) {
        return SchedulerTypes.ofName(name).orElseThrow();
    }

    private static ModelException unavailable(SchedulerConfig config, String what) {
        List<String> available = available(config);
        return new ModelException(
                available.isEmpty()
                        ? "%s: %s is not available, and no other sampler fits this file".formatted(config.file(), what)
                        : "%s: %s is not available; available: %s"
                                .formatted(config.file(), what, String.join(", ", available)));
    }

    private static Optional<Scheduler> find(SchedulerConfig config, SamplerSpec spec) {
        try {
            return Optional.of(scheduler(config, spec));
        } catch (ModelException e) {
            return Optional.empty();
        }
    }

    private static Optional<String> refusal(SchedulerConfig config, SamplerSpec spec) {
        try {
            scheduler(config, spec);
            return Optional.empty();
        } catch (ModelException e) {
            return Optional.of(withoutFile(config, e));
        }
    }

    private static String withoutFile(SchedulerConfig config, ModelException e) {
        return e.getMessage().replace(config.file() + ": ", "");
    }

    /** Throws {@link ModelException} naming file, key and value where the sampler does not compute what they ask for. */
    static Scheduler scheduler(SchedulerConfig config, SamplerSpec spec) {
        SchedulerType type = type(spec.name());
        NoisingProcess process = SchedulerTypes.ofClass(config.className())
                .map(SchedulerType::process)
                .orElse(NoisingProcess.DIFFUSION);
        if (type.process() != process) {
            throw new ModelException("%s: sampler %s does not fit networks for %s"
                    .formatted(config.file(), spec.name(), config.className()));
        }
        Map<String, JsonNode> decided = new HashMap<>(type.name(spec.name()).decided());
        spec.schedule().ifPresent(spacing -> spacing.decided()
                .forEach((key, value) -> decided.put(key, JSON.valueToTree(value))));
        spec.table().ifPresent(table -> {
            decided.put(SchedulerConfig.TABLE_SHIFT, JSON.valueToTree(table.shift()));
            decided.put(SchedulerConfig.TABLE_LEVELS, JSON.valueToTree(table.levels()));
        });
        return type.read(config.keysWith(decided));
    }

    private static Scheduler read(SchedulerConfig config, SamplerSpec spec) {
        try {
            return scheduler(config, spec);
        } catch (ModelException e) {
            throw new IllegalArgumentException(
                    "sampler %s is not available for this model: %s; available: %s"
                            .formatted(described(spec), e.getMessage(), String.join(", ", available(config))),
                    e);
        }
    }

    private static String described(SamplerSpec spec) {
        return spec.schedule()
                .map(spacing -> spec.name() + " with schedule " + spacing.schedule())
                .orElse(spec.name());
    }
}
