package dev.weir.gateway.api;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import java.util.OptionalDouble;

/**
 * The scale of guidance of other programs, which count it from the negative prompt on, so that 1 is none. Some models count it from the prompt
 * on: their scale is one less. Stateless.
 */
public final class CfgScale {

    private CfgScale() {}

    /** The model's own scale. Empty: it is less than no guidance. */
    public static OptionalDouble own(double cfg, ModelCard model) {
        if (!ModelFields.guidesFromPrompt(model)) {
            return OptionalDouble.of(cfg);
        }
        return cfg < 1 ? OptionalDouble.empty() : OptionalDouble.of(cfg - 1);
    }

    /** What is wrong with a scale that is not computed. */
    public static String problem(ModelCard model) {
        return "must be at least 1 for " + model.getId();
    }

    public static float shown(Generation made, ModelCard model) {
        return made.getGuidanceScale() + (ModelFields.guidesFromPrompt(model) ? 1 : 0);
    }
}
