package dev.weir.engine.sampler;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a sampler's name means: a scheduler of diffusers, and the keys that the name decides, whatever a model's file says.
 *
 * <p>{@code dpmpp_2m} is {@code DPMSolverMultistepScheduler.from_config(config, solver_order=2, …)} in diffusers.
 *
 * @param decided keys and their values; all other keys are the model's
 */
record NamedSampler(String name, SchedulerClass scheduler, Map<String, JsonNode> decided) {

    private static final JsonNode YES = BooleanNode.TRUE;
    private static final JsonNode NO = BooleanNode.FALSE;

    /** What diffusers takes for a decided key that a file does not have. */
    private static final Map<String, JsonNode> DEFAULTS = Map.of(
            "skip_prk_steps", NO,
            "use_karras_sigmas", NO,
            "use_exponential_sigmas", NO,
            "use_beta_sigmas", NO,
            "algorithm_type", TextNode.valueOf("dpmsolver++"),
            "solver_order", IntNode.valueOf(2));

    private static final Map<String, JsonNode> EVEN = Map.of("use_karras_sigmas", NO);
    private static final Map<String, JsonNode> KARRAS =
            Map.of("use_karras_sigmas", YES, "use_exponential_sigmas", NO, "use_beta_sigmas", NO);
    private static final Map<String, JsonNode> SECOND_ORDER =
            Map.of("algorithm_type", DEFAULTS.get("algorithm_type"), "solver_order", DEFAULTS.get("solver_order"));

    static final List<NamedSampler> ALL = List.of(
            of("ddpm", SchedulerClass.DDPM, Map.of(), Map.of()),
            of("ddim", SchedulerClass.DDIM, Map.of(), Map.of()),
            of("pndm", SchedulerClass.PNDM, Map.of("skip_prk_steps", YES), Map.of()),
            of("euler", SchedulerClass.EULER, EVEN, Map.of()),
            of("euler_karras", SchedulerClass.EULER, KARRAS, Map.of()),
            of("euler_ancestral", SchedulerClass.EULER_ANCESTRAL, Map.of(), Map.of()),
            of("dpmpp_2m", SchedulerClass.DPM_SOLVER_MULTISTEP, SECOND_ORDER, EVEN),
            of("dpmpp_2m_karras", SchedulerClass.DPM_SOLVER_MULTISTEP, SECOND_ORDER, KARRAS));

    private static NamedSampler of(
            String name, SchedulerClass scheduler, Map<String, JsonNode> some, Map<String, JsonNode> others) {
        Map<String, JsonNode> decided = new TreeMap<>(some);
        decided.putAll(others);
        return new NamedSampler(name, scheduler, Map.copyOf(decided));
    }

    static Optional<NamedSampler> find(String name) {
        return ALL.stream().filter(sampler -> sampler.name.equals(name)).findFirst();
    }

    /** Where a model's file decides otherwise, as {@code solver_order 3}. */
    List<String> differences(JsonNode file) {
        return decided.keySet().stream()
                .sorted()
                .filter(key -> !value(file, key).equals(decided.get(key)))
                .map(key -> key + " " + value(file, key).asText())
                .toList();
    }

    private static JsonNode value(JsonNode file, String key) {
        return file.hasNonNull(key) ? file.get(key) : DEFAULTS.get(key);
    }
}
