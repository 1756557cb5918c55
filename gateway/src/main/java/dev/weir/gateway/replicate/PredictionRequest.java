package dev.weir.gateway.replicate;

import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.Sides;
import dev.weir.gateway.job.ModelNames;
import io.vertx.core.json.JsonObject;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Turns the body of a prediction into Weir's own fields. Stateless; any thread. */
final class PredictionRequest {

    /** The owner that every model of Weir has, for clients that need one. */
    static final String OWNER = "weir/";

    /** Fields of the input that have another name in Weir's own API. */
    static final Map<String, String> RENAMED = Map.of(
            "num_outputs", "n",
            "image", "init_image",
            "prompt_strength", "strength",
            "output_quality", "output_compression",
            "scheduler", "sampler");

    private static final String INPUT = "input";
    private static final String VERSION = "version";
    private static final String MODEL = "model";
    private static final String SCHEDULER = "scheduler";
    private static final String FORMAT = "output_format";
    private static final Set<String> KNOWN =
            Set.of(INPUT, VERSION, MODEL, "stream", WebhookField.URL, WebhookField.EVENTS);
    /** Switches of models of that service, and none of Weir's. */
    private static final Set<String> WITHOUT_EFFECT = Set.of("apply_watermark", "disable_safety_checker", "go_fast");
    /** Fields of Weir that are not part of an input, and why. */
    private static final Map<String, String> ELSEWHERE = Map.of(
            MODEL,
            "is part of the path, or the field \"version\"",
            "on_disconnect",
            "is always \"finish\" in this API",
            WebhookField.URL,
            "is a field beside the input",
            WebhookField.EVENTS,
            "is a field beside the input");

    private static final Map<String, Map<String, String>> SCHEDULERS = Map.of(
            "DDIM", sampler("ddim"),
            "PNDM", sampler("pndm"),
            "KLMS", sampler("lms"),
            "K_EULER", sampler("euler"),
            "K_EULER_ANCESTRAL", sampler("euler_ancestral"),
            "HeunDiscrete", sampler("heun"),
            "DPMSolverMultistep", sampler("dpmpp_2m"),
            "KarrasDPM", Map.of("sampler", "dpmpp_2m", "schedule", "karras"));

    private PredictionRequest() {}

    private static Map<String, String> sampler(String name) {
        return Map.of("sampler", name);
    }

    /** The body of {@code POST /v1/predictions}. */
    static Fields translate(Fields body, ModelNames models) {
        String field = body.has(VERSION) ? VERSION : MODEL;
        return translate(body, models, body.text(field).orElseThrow(() -> body.missing(VERSION)));
    }

    /** @param model as the client names it */
    static Fields translate(Fields body, ModelNames models, String model) {
        body.allowOnly(KNOWN);
        body.requireOne(VERSION, MODEL);
        Fields input = body.object(INPUT).orElseThrow(() -> body.missing(INPUT));
        Map<String, Object> weir = new LinkedHashMap<>();
        Map<String, String> names = new HashMap<>();
        read(input, weir, names);
        weir.put(MODEL, known(model, models));
        WebhookField.keep(body, weir);
        return Fields.of(weir).calledByClient(names);
    }

    private static void read(Fields input, Map<String, Object> weir, Map<String, String> names) {
        ELSEWHERE.forEach((name, where) -> {
            if (input.has(name)) {
                throw input.invalid("unknown_parameter", name, where);
            }
        });
        RENAMED.forEach((name, own) -> input.requireOne(own, name));
        Map<String, Object> sent = new LinkedHashMap<>(input.toJson().getMap());
        sent.keySet().removeAll(WITHOUT_EFFECT);
        sent.keySet().removeAll(Set.of(Sides.WIDTH, Sides.HEIGHT));
        // Also of fields that are not there, which messages may name.
        names.put("prompt", INPUT + ".prompt");
        RENAMED.forEach((name, own) -> names.put(own, INPUT + "." + name));
        sent.forEach((name, value) -> {
            String own = RENAMED.getOrDefault(name, name);
            weir.putIfAbsent(own, value);
            names.put(own, INPUT + "." + name);
        });
        Sides.size(input).ifPresent(size -> {
            weir.put("size", size);
            names.put("size", INPUT + ".width and " + INPUT + ".height");
        });
        input.text(SCHEDULER).map(SCHEDULERS::get).ifPresent(same -> {
            if (same.containsKey("schedule")) {
                input.requireOne("schedule", SCHEDULER);
            }
            weir.putAll(same);
        });
        if (input.text(FORMAT).filter("jpg"::equals).isPresent()) {
            weir.put(FORMAT, "jpeg");
        }
    }

    /** The id or alias that a client means by {@code NAME}, {@code NAME:VERSION} or {@code weir/NAME}. */
    static String known(String model, ModelNames models) {
        String named = model.split(":", 2)[0];
        return Stream.of(model, named, named.startsWith(OWNER) ? named.substring(OWNER.length()) : named)
                .filter(name -> models.find(name).isPresent())
                .findFirst()
                .orElse(model);
    }

    /** What a job was asked for, as an input. @param request in Weir's fields */
    static JsonObject input(JsonObject request) {
        JsonObject input = request.copy();
        input.remove(MODEL);
        List<String> sides = List.of(((String) input.remove("size")).split("x"));
        input.put(Sides.WIDTH, Integer.valueOf(sides.get(0))).put(Sides.HEIGHT, Integer.valueOf(sides.get(1)));
        RENAMED.forEach((name, own) -> {
            if (input.containsKey(own)) {
                input.put(name, input.remove(own));
            }
        });
        return input;
    }
}
