package dev.weir.gateway.huggingface;

import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.Sides;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Turns a request of that API into Weir's own fields. Stateless; any thread. */
final class TextToImage {

    private static final String PARAMETERS = "parameters";
    private static final Set<String> KNOWN = Set.of("inputs", PARAMETERS, "options", "model");
    private static final String SCHEDULER = "scheduler";
    /** Fields of Weir that are not parameters, and what says them instead. */
    private static final Map<String, String> ELSEWHERE = Map.of(
            "prompt", "is the field \"inputs\" of the request",
            "model", "is part of the path",
            "output_format", "is said by the header \"Accept\"",
            "on_disconnect", "is always \"cancel\" in this API",
            "preview", "has no effect, because the answer is one picture");

    /** Parameters that have another name in Weir's own API. */
    private static final Set<String> TRANSLATED = Set.of(Sides.WIDTH, Sides.HEIGHT, SCHEDULER);
    /** An answer has one picture. */
    private static final List<String> COUNTS = List.of("n", "num_images_per_prompt");

    /** Samplers by the classes of diffusers that compute them. */
    private static final Map<String, String> SCHEDULERS = Map.ofEntries(
            Map.entry("DDIMScheduler", "ddim"),
            Map.entry("DDPMScheduler", "ddpm"),
            Map.entry("PNDMScheduler", "pndm"),
            Map.entry("LMSDiscreteScheduler", "lms"),
            Map.entry("EulerDiscreteScheduler", "euler"),
            Map.entry("EulerAncestralDiscreteScheduler", "euler_ancestral"),
            Map.entry("HeunDiscreteScheduler", "heun"),
            Map.entry("KDPM2DiscreteScheduler", "kdpm2"),
            Map.entry("KDPM2AncestralDiscreteScheduler", "kdpm2_ancestral"),
            Map.entry("DPMSolverMultistepScheduler", "dpmpp_2m"),
            Map.entry("UniPCMultistepScheduler", "unipc"),
            Map.entry("LCMScheduler", "lcm"),
            Map.entry("UnCLIPScheduler", "unclip"),
            Map.entry("DDPMWuerstchenScheduler", "wuerstchen"),
            Map.entry("FlowMatchEulerDiscreteScheduler", "flow_euler"),
            Map.entry("FlowMatchLCMScheduler", "flow_lcm"));

    private static final Map<String, String> FORMATS =
            Map.of("image/png", "png", "image/jpeg", "jpeg", "image/jpg", "jpeg", "image/webp", "webp");

    /** A quality of 0 refuses a type. */
    private static final Pattern REFUSED = Pattern.compile(";\\s*q=0(\\.0*)?\\s*$");

    private TextToImage() {}

    /**
     * @param model of the path
     * @param accept the header; null: none
     */
    static Fields translate(Fields asked, String model, String accept) {
        asked.allowOnly(KNOWN);
        Map<String, Object> weir = new LinkedHashMap<>();
        weir.put("prompt", asked.text("inputs").orElseThrow(() -> asked.missing("inputs")));
        weir.put("model", model);
        weir.put("output_format", format(accept));
        weir.put("on_disconnect", "cancel");
        Map<String, String> names = new HashMap<>(Map.of("prompt", "inputs"));
        asked.object(PARAMETERS).ifPresent(parameters -> read(parameters, weir, names));
        return Fields.of(weir).calledByClient(names);
    }

    /** @param names gets the client's names of fields, for messages */
    private static void read(Fields parameters, Map<String, Object> weir, Map<String, String> names) {
        ELSEWHERE.forEach((name, where) -> {
            if (parameters.has(name)) {
                throw parameters.invalid("unknown_parameter", name, where);
            }
        });
        parameters.requireOne("sampler", SCHEDULER);
        for (String count : COUNTS) {
            if (parameters.integer(count, Long.MIN_VALUE, Long.MAX_VALUE).orElse(1L) != 1) {
                throw parameters.invalid("unsupported_value", count, "must be 1, as an answer has one picture");
            }
        }
        Map<String, Object> others = new LinkedHashMap<>(parameters.toJson().getMap());
        others.keySet().removeAll(TRANSLATED);
        others.keySet().removeAll(COUNTS);
        others.forEach((name, value) -> {
            weir.putIfAbsent(name, value);
            names.put(name, PARAMETERS + "." + name);
        });
        Sides.size(parameters).ifPresent(size -> {
            weir.put("size", size);
            names.put("size", PARAMETERS + ".width and " + PARAMETERS + ".height");
        });
        parameters.text(SCHEDULER).ifPresent(name -> {
            weir.put("sampler", SCHEDULERS.getOrDefault(name, name));
            names.put("sampler", PARAMETERS + "." + SCHEDULER);
        });
    }

    /** The first type of picture that the header names; PNG where it names none. */
    private static String format(String accept) {
        return Stream.of(accept == null ? new String[0] : accept.split(","))
                .filter(range -> !REFUSED.matcher(range).find())
                .map(range -> FORMATS.get(range.split(";")[0].strip()))
                .filter(Objects::nonNull)
                .findFirst()
                .orElse("png");
    }
}
