package dev.weir.gateway.a1111;

import dev.weir.gateway.api.CfgScale;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.ModelFields;
import dev.weir.proto.v1.ModelCard;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What a request says and its model does not compute, but clients always send. The text of a picture names it. Stateless. */
final class Ignored {

    /** In the text of a picture. */
    static final String SETTING = "Ignored";

    static final String CFG_SCALE = "cfg_scale";

    private static final String GUIDANCE = "guidance_scale";
    /** Forge's scale for networks that take one themselves. Its {@code cfg_scale} is then about the negative prompt. */
    private static final String DISTILLED_CFG = "distilled_cfg_scale";

    /** What that program reads as a weight or a change of words, unless it is escaped. */
    private static final Pattern WEIGHT = Pattern.compile("(?<!\\\\)[(\\[]");
    /** {@code <lora:name:0.8>}. */
    private static final Pattern NETWORK = Pattern.compile("<\\w{1,20}+:[^<>]{1,200}+>");

    private Ignored() {}

    /** The guidance that the model computes; empty: its own. */
    static Optional<Double> guidance(Fields asked, ModelCard model) {
        Optional<Double> scale = isDistilled(asked, model)
                ? scale(asked, DISTILLED_CFG)
                : scale(asked, CFG_SCALE).map(cfg -> own(asked, cfg, model));
        return scale.filter(value -> ModelFields.takes(model, GUIDANCE));
    }

    private static double own(Fields asked, double cfg, ModelCard model) {
        return CfgScale.own(cfg, model)
                .orElseThrow(() ->
                        asked.invalid("out_of_range", CFG_SCALE, "%s, not %s".formatted(CfgScale.problem(model), cfg)));
    }

    /** Whether its network takes the scale itself, and the request has Forge's field for that. */
    private static boolean isDistilled(Fields asked, ModelCard model) {
        return asked.has(DISTILLED_CFG)
                && ModelFields.takes(model, GUIDANCE)
                && !ModelFields.takes(model, "guidance_start");
    }

    /** The model's own bounds count. */
    private static Optional<Double> scale(Fields asked, String name) {
        return asked.real(name, -Double.MAX_VALUE, Double.MAX_VALUE);
    }

    static Map<String, String> of(Fields asked, ModelCard model) {
        List<String> ignored = new ArrayList<>();
        if (!ModelFields.takes(model, GUIDANCE) || isDistilled(asked, model)) {
            scale(asked, CFG_SCALE)
                    .filter(scale -> scale != 0 && scale != 1)
                    .ifPresent(scale -> ignored.add(CFG_SCALE + " " + Infotext.number(Double.toString(scale))));
        }
        if (SamplerName.isFlow(model)) {
            asked.text("scheduler")
                    .filter(SamplerName.SIMPLE::equalsIgnoreCase)
                    .ifPresent(name -> ignored.add("scheduler " + name));
        }
        if (!ModelFields.takes(model, "prompt_syntax")) {
            has(asked, WEIGHT).ifPresent(found -> ignored.add("prompt weights"));
            has(asked, NETWORK).ifPresent(ignored::add);
        }
        return ignored.isEmpty() ? Map.of() : Map.of(SETTING, String.join(", ", ignored));
    }

    /** The first part of a prompt that is so. */
    private static Optional<String> has(Fields asked, Pattern part) {
        return Stream.of("prompt", "negative_prompt")
                .flatMap(name -> asked.text(name).stream())
                .flatMap(text -> part.matcher(text).results())
                .map(MatchResult::group)
                .findFirst();
    }
}
