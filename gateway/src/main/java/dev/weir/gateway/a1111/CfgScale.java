package dev.weir.gateway.a1111;

import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.ModelFields;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;

/**
 * That program's {@code cfg_scale}, which counts guidance from the negative prompt on, so that 1 is none. Some models count it from the prompt
 * on: their scale is one less. Stateless.
 */
final class CfgScale {

    static final String FIELD = "cfg_scale";

    private CfgScale() {}

    /** The model's own scale. Those between none and 1 are not computed. */
    static double own(Fields asked, double cfg, ModelCard model) {
        if (!ModelFields.guidesFromPrompt(model)) {
            return cfg;
        }
        if (cfg != 1 && cfg <= 2) {
            throw asked.invalid(
                    "out_of_range", FIELD, "must be 1 or above 2 for %s, not %s".formatted(model.getId(), cfg));
        }
        return cfg - 1;
    }

    static float shown(Generation made, ModelCard model) {
        return made.getGuidanceScale() + (ModelFields.guidesFromPrompt(model) ? 1 : 0);
    }
}
