package dev.weir.gateway.a1111;

import dev.weir.proto.v1.ModelCard;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A sampler as Automatic1111 names it, and as Weir does. Samplers of that program which Weir does not compute are not here.
 *
 * @param aliases other names that requests may have
 * @param sampler Weir's name
 * @param automatic the schedule that "Automatic" means for it; empty: the sampler has one schedule
 */
record SamplerName(String name, List<String> aliases, String sampler, String automatic) {

    private static final String EULER = "euler";
    /** Euler's method where the model is a rectified flow. */
    private static final String FLOW_EULER = "flow_euler";

    /** {@code modules/sd_samplers_kdiffusion.py} and {@code sd_samplers_timesteps.py}, in their order. */
    static final List<SamplerName> ALL = List.of(
            of("DPM++ 2M", "dpmpp_2m", "karras", "k_dpmpp_2m"),
            of("DPM++ 2M SDE", "dpmpp_2m_sde", "exponential", "k_dpmpp_2m_sde"),
            of("DPM++ 3M SDE", "dpmpp_3m_sde", "exponential", "k_dpmpp_3m_sde"),
            of("Euler a", "euler_ancestral", "", "k_euler_a", "k_euler_ancestral"),
            of("Euler", EULER, "normal", "k_euler"),
            of("LMS", "lms", "normal", "k_lms"),
            of("Heun", "heun", "normal", "k_heun"),
            of("DPM2", "kdpm2", "karras", "k_dpm_2"),
            of("DPM2 a", "kdpm2_ancestral", "karras", "k_dpm_2_a"),
            of("DDIM", "ddim", "", "ddim"),
            of("PLMS", "pndm", "", "plms"),
            of("UniPC", "unipc", "normal", "unipc"),
            of("LCM", "lcm", "", "k_lcm"));

    static final String AUTOMATIC = "automatic";
    static final String SIMPLE = "simple";

    /** Weir's names by those of that program. */
    static final Map<String, String> SCHEDULES = Map.of(
            "uniform", "normal",
            "normal", "normal",
            "karras", "karras",
            "exponential", "exponential",
            "beta", "beta");

    private static SamplerName of(String name, String sampler, String automatic, String... aliases) {
        return new SamplerName(name, List.of(aliases), sampler, automatic);
    }

    /** The sampler of a name or an alias, in whatever case; or one of Weir's own samplers, which that program does not have. */
    static Optional<SamplerName> find(String name) {
        String wanted = name.toLowerCase(Locale.ROOT);
        return ALL.stream()
                .filter(known -> known.name.toLowerCase(Locale.ROOT).equals(wanted) || known.aliases.contains(wanted))
                .findFirst();
    }

    /** Whether the model is a rectified flow, with samplers of its own. */
    static boolean isFlow(ModelCard model) {
        return model.getSamplersList().stream()
                .anyMatch(offered -> offered.getName().equals(FLOW_EULER));
    }

    /** Weir's name of it for a model. */
    String on(ModelCard model) {
        return sampler.equals(EULER) && isFlow(model) ? FLOW_EULER : sampler;
    }

    /** What answers call one of Weir's samplers. */
    static String shown(String sampler) {
        String plain = sampler.equals(FLOW_EULER) ? EULER : sampler;
        return ALL.stream()
                .filter(known -> known.sampler.equals(plain))
                .map(SamplerName::name)
                .findFirst()
                .orElse(sampler);
    }
}
