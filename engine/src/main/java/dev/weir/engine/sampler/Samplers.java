package dev.weir.engine.sampler;

import dev.weir.engine.ModelException;
import dev.weir.engine.sampler.SchedulerConfig.SigmaSpacing;
import java.util.List;

/** The samplers by name. */
public final class Samplers {

    private static final List<String> NAMES =
            List.of("ddpm", "ddim", "euler", "euler_karras", "euler_ancestral", "dpmpp_2m", "dpmpp_2m_karras");

    private Samplers() {}

    public static List<String> names() {
        return NAMES;
    }

    /**
     * A run of so many steps over a model's schedule.
     *
     * @param sampler as {@link SamplerSpec#parse} reads it
     * @throws IllegalArgumentException where there is no such sampler, or more steps than the schedule has timesteps
     */
    public static Sampler create(SchedulerConfig config, String sampler, int steps) {
        return create(config, SamplerSpec.parse(sampler), steps);
    }

    /** See {@link #create(SchedulerConfig, String, int)}. */
    public static Sampler create(SchedulerConfig config, SamplerSpec spec, int steps) {
        if (steps < 1 || steps > config.trainTimesteps()) {
            throw new IllegalArgumentException(
                    "steps must be between 1 and %d, not %d".formatted(config.trainTimesteps(), steps));
        }
        return switch (spec.name()) {
            case "ddpm" -> new DdpmSampler(config, steps);
            case "ddim" -> new DdimSampler(config, spec.eta(), steps);
            case "euler" -> new EulerSampler(config, evenOr(config), steps);
            case "euler_karras" -> new EulerSampler(config, SigmaSpacing.KARRAS, steps);
            case "euler_ancestral" -> new EulerAncestralSampler(config, steps);
            case "dpmpp_2m" -> new DpmSolverSampler(config, evenOr(config), steps);
            case "dpmpp_2m_karras" -> new DpmSolverSampler(config, SigmaSpacing.KARRAS, steps);
            default -> throw new IllegalStateException(spec.name());
        };
    }

    /**
     * The sampler that a model was published with, or the nearest one that there is: DDIM for PNDM (whose step is DDIM's
     * on an extrapolated noise), DPM++ 2M for the other solvers of its family whatever their order, Euler for Heun, LMS
     * and KDPM2.
     */
    public static String defaultName(SchedulerConfig config) {
        String name =
                switch (config.className()) {
                    case "DDPMScheduler" -> "ddpm";
                    case "DDIMScheduler", "PNDMScheduler" -> "ddim";
                    case "EulerDiscreteScheduler",
                            "HeunDiscreteScheduler",
                            "LMSDiscreteScheduler",
                            "KDPM2DiscreteScheduler" -> "euler";
                    case "EulerAncestralDiscreteScheduler", "KDPM2AncestralDiscreteScheduler" -> "euler_ancestral";
                    case "DPMSolverMultistepScheduler",
                            "DPMSolverSinglestepScheduler",
                            "DPMSolverSDEScheduler",
                            "DEISMultistepScheduler",
                            "UniPCMultistepScheduler" -> "dpmpp_2m";
                    default ->
                        throw new ModelException("scheduler_config.json: _class_name: no sampler is like %s"
                                .formatted(config.className()));
                };
        boolean hasKarras = name.equals("euler") || name.equals("dpmpp_2m");
        return hasKarras && config.sigmaSpacing() == SigmaSpacing.KARRAS ? name + "_karras" : name;
    }

    /** The model's even spacing: a plain name means no Karras sigmas even where the model's own scheduler has them. */
    private static SigmaSpacing evenOr(SchedulerConfig config) {
        return config.sigmaSpacing() == SigmaSpacing.EXPONENTIAL ? SigmaSpacing.EXPONENTIAL : SigmaSpacing.TIMESTEPS;
    }
}
