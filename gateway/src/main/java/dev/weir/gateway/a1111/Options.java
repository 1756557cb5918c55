package dev.weir.gateway.a1111;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.job.ModelNames;
import dev.weir.proto.v1.ModelCard;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Optional;

/**
 * What a caller has chosen for all its requests, of the many options that Automatic1111 has. Immutable.
 *
 * @param model a name; empty: the first model
 * @param layers CLIP_stop_at_last_layers
 * @param noise randn_source: GPU, NV or CPU
 * @param skip skip_early_cond: the share of the steps without guidance
 */
record Options(Optional<String> model, Optional<Integer> layers, String noise, double skip) {

    static final Options DEFAULT = new Options(Optional.empty(), Optional.empty(), "GPU", 0);

    private static final int MOST_LAYERS = 12;

    /** These, with what others say. Options that Weir does not know have no effect, as clients send all of them back. */
    Options with(Fields others) {
        return new Options(
                others.text("sd_model_checkpoint")
                        .map(Options::withoutHash)
                        .filter(name -> !name.isEmpty())
                        .or(() -> model),
                others.integer("CLIP_stop_at_last_layers", 1, MOST_LAYERS)
                        .map(Long::intValue)
                        .or(() -> layers),
                others.oneOf("randn_source", List.of("GPU", "CPU", "NV")).orElse(noise),
                others.real(SkippedGuidance.OPTION, 0, 1).orElse(skip));
    }

    /** The chosen model, else the first. Empty where nothing is served. Throws {@link ApiException} if there is no such model. */
    Optional<ModelCard> card(ModelNames models) {
        return model.map(name -> Optional.of(models.find(name)
                        .orElseThrow(() -> new ApiException(ApiError.invalid(
                                404,
                                "model_not_found",
                                "Checkpoint %s not found".formatted(name),
                                "sd_model_checkpoint")))))
                .orElseGet(() -> models.cards().stream().findFirst());
    }

    /** A title is a name and a hash: "dreamshaper [879db523c3]". */
    private static String withoutHash(String title) {
        return title.replaceFirst(" \\[[0-9a-f]+]$", "");
    }

    /** @param first the model where none is chosen */
    JsonObject toJson(String first) {
        return new JsonObject()
                .put("sd_model_checkpoint", model.orElse(first))
                .putNull("sd_checkpoint_hash")
                .put("sd_vae", "Automatic")
                .put("samples_format", "png")
                .put("CLIP_stop_at_last_layers", layers.orElse(1))
                .put("randn_source", noise)
                .put(SkippedGuidance.OPTION, skip)
                .put("eta_noise_seed_delta", 0)
                .put("comma_padding_backtrack", 20)
                .put("emphasis", "Original")
                .put("live_previews_enable", true)
                .put("show_progress_every_n_steps", 10)
                .put("send_seed", true);
    }
}
