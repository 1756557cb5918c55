package dev.weir.gateway.comfyui;

import dev.weir.proto.v1.ModelCard;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Weir's names of ComfyUI's samplers and schedulers. Those that Weir does not compute are not here. Stateless. */
final class SamplerName {

    /** ComfyUI's {@code ddim} is Euler's method. The variants for a GPU differ in where noise is drawn. */
    static final Map<String, String> SAMPLERS = Map.ofEntries(
            Map.entry("euler", "euler"),
            Map.entry("euler_ancestral", "euler_ancestral"),
            Map.entry("heun", "heun"),
            Map.entry("dpm_2", "kdpm2"),
            Map.entry("dpm_2_ancestral", "kdpm2_ancestral"),
            Map.entry("lms", "lms"),
            Map.entry("dpmpp_2m", "dpmpp_2m"),
            Map.entry("dpmpp_2m_sde", "dpmpp_2m_sde"),
            Map.entry("dpmpp_2m_sde_gpu", "dpmpp_2m_sde"),
            Map.entry("dpmpp_3m_sde", "dpmpp_3m_sde"),
            Map.entry("dpmpp_3m_sde_gpu", "dpmpp_3m_sde"),
            Map.entry("ddim", "euler"),
            Map.entry("lcm", "lcm"));

    /** Of all kinds of models, in their order. */
    static final List<String> ALL = Stream.of(SAMPLERS, Flow.SAMPLERS)
            .flatMap(names -> names.keySet().stream())
            .distinct()
            .sorted()
            .toList();

    /** In ComfyUI's order. */
    static final List<String> SCHEDULERS = List.of(
            "simple",
            "sgm_uniform",
            "karras",
            "exponential",
            "ddim_uniform",
            "beta",
            "normal",
            "linear_quadratic",
            "kl_optimal");

    /** Weir's schedules that have the levels of ComfyUI's schedulers begin with it. */
    static final String EXACT = "comfyui_";

    /** Weir's samplers by the names that count for a model. */
    static Map<String, String> of(ModelCard card) {
        return Flow.is(card) ? Flow.SAMPLERS : SAMPLERS;
    }

    /** Whether the model has the sampler of a name. */
    static boolean has(ModelCard card, String name) {
        return card.getSamplersList().stream()
                .anyMatch(offered -> offered.getName().equals(of(card).get(name)));
    }

    private SamplerName() {}
}
