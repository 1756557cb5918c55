package dev.weir.engine.sampler;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A sampler as users name it: a name of {@link Samplers#names()}, a sigma schedule, and the share of noise. As text: {@code
 * dpmpp_2m}, {@code dpmpp_2m:schedule=exponential}, {@code ddim:eta=1}.
 *
 * @param schedule how the noise levels lie; empty: as the model's file or the name says
 * @param eta share of random noise, 0 to 1; empty: the scheduler's default
 * @param table from which one of ComfyUI's schedules chooses the levels of a flow; empty: as ComfyUI does for the model
 */
public record SamplerSpec(
        String name, Optional<SigmaSpacing> schedule, Optional<Float> eta, Optional<FlowTable> table) {

    private static final Pattern TEXT = Pattern.compile("(\\w+)(?::(schedule)=(\\w+))?(?:[:,](eta)=([0-9.]{1,6}))?");

    /** Throws {@link IllegalArgumentException} that lists the names where there is none such. */
    public SamplerSpec {
        SchedulerType type = SchedulerTypes.ofName(name)
                .orElseThrow(() -> new IllegalArgumentException(
                        "unknown sampler %s; known: %s".formatted(name, String.join(", ", Samplers.names()))));
        eta.ifPresent(share -> {
            if (!type.takesEta()) {
                throw new IllegalArgumentException("sampler %s takes no eta".formatted(name));
            }
            if (!(share >= 0 && share <= 1)) {
                throw new IllegalArgumentException("eta must be between 0 and 1, not %s".formatted(share));
            }
        });
        schedule.ifPresent(spacing -> {
            if (!type.schedules().contains(spacing) || type.name(name).fixesSchedule()) {
                throw new IllegalArgumentException("sampler %s has no schedule %s".formatted(name, spacing.schedule()));
            }
        });
        if (table.isPresent()
                && !(type.process() == NoisingProcess.FLOW
                        && schedule.filter(SigmaSpacing::isOfComfyui).isPresent())) {
            throw new IllegalArgumentException(
                    "only schedules of ComfyUI choose from other noise levels, and those of a flow alone");
        }
    }

    public SamplerSpec(String name, Optional<SigmaSpacing> schedule, Optional<Float> eta) {
        this(name, schedule, eta, Optional.empty());
    }

    /** A sampler with the model's own schedule and the scheduler's own share of noise. */
    public static SamplerSpec of(String name) {
        return new SamplerSpec(name, Optional.empty(), Optional.empty());
    }

    /** Throws {@link IllegalArgumentException} that lists the names where there is none such. */
    public static SamplerSpec parse(String text) {
        Matcher parts = TEXT.matcher(text);
        if (!parts.matches()) {
            return of(text);
        }
        return new SamplerSpec(
                parts.group(1),
                Optional.ofNullable(parts.group(3)).map(SigmaSpacing::named),
                Optional.ofNullable(parts.group(5)).map(SamplerSpec::share));
    }

    private static float share(String text) {
        try {
            return Float.parseFloat(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("eta is a number, not " + text, e);
        }
    }
}
