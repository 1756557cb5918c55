package dev.weir.gateway.a1111;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.ModelFields;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.Route;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.Stage;

/** The option {@code skip_early_cond}: the first calls of the network are not guided. Stateless. */
final class SkippedGuidance {

    static final String OPTION = "skip_early_cond";
    /** In the text of a picture. */
    static final String SETTING = "Skip Early CFG";

    private static final String START = "guidance_start";

    private SkippedGuidance() {}

    /** The same job without guidance in a share of its calls. A model that is never guided has nothing to leave out. */
    static JobSpec of(JobSpec spec, double share, ModelCard model) {
        Generation made = spec.generation();
        if (share == 0 || !ModelFields.takes(model, START)) {
            return spec;
        }
        if (made.hasImageGuidanceScale()) {
            throw new ApiException(ApiError.invalid(
                    "unsupported_value", OPTION + " is not supported with models that edit by a sentence", OPTION));
        }
        int calls = spec.route().stream()
                .filter(stage -> !stage.getSampling().getSampler().isEmpty())
                .mapToInt(Stage::getForwards)
                .findFirst()
                .orElse(0);
        double start = start(share, calls, counted(model, made, calls));
        Generation later = made.toBuilder().setGuidanceStart(start).build();
        return spec.making(later).along(Route.guided(spec.route(), later));
    }

    /** That program counts two calls for each step of a second-order method, also for the last one, which has one. */
    private static int counted(ModelCard model, Generation made, int calls) {
        int extra = Route.sampler(model, made.getSampler())
                .map(Sampler::getExtraCalls)
                .orElse(0);
        return calls > 1 ? calls - extra : calls;
    }

    /**
     * Where guidance starts: {@code step / total_steps <= skip_early_cond} has none, so the first call never has it. In the middle of a call,
     * because Weir rounds down to whole ones.
     */
    static double start(double share, int calls, int counted) {
        int first = 0;
        while (first < calls && first / (double) counted <= share) {
            first++;
        }
        return first < calls ? (first + 0.5) / calls : 1;
    }
}
