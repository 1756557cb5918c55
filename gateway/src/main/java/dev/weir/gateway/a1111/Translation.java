package dev.weir.gateway.a1111;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.CfgScale;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.ModelFields;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.ModelNames;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.Upscaler;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Turns a request of {@code txt2img} or {@code img2img} into Weir's own fields. What changes the picture and is not computed here is
 * refused. Fields that are absent have the model's own defaults. Any thread.
 */
final class Translation {

    private static final int MOST_IMAGES = 10;
    static final int MOST_SIDE = 99_999;
    /** By the numbers of {@code inpainting_fill}. */
    private static final List<String> MASKED_CONTENT = List.of("fill", "original", "noise", "nothing");

    private static final String CLIP_SKIP = "clip_skip";
    private static final String SYNTAX = "prompt_syntax";
    private static final String IMAGE_GUIDANCE = "image_guidance_scale";

    /** Switches of functions that Weir does not have. */
    private static final List<String> SWITCHES = List.of("restore_faces", "tiling");

    private static final List<String> SHARES = List.of(
            "subseed_strength",
            "s_churn",
            "s_min_uncond",
            "seed_resize_from_h",
            "seed_resize_from_w",
            "inpainting_mask_invert");

    private static final Map<String, String> NOISE = Map.of("GPU", "cuda", "NV", "cuda", "CPU", "cpu");
    /** Samplers that add noise in each step, by the share that {@code eta} says. Weir computes the whole of it. */
    private static final Set<String> ANCESTRAL = Set.of("euler_ancestral", "kdpm2_ancestral");

    private final ModelNames models;

    Translation(ModelNames models) {
        this.models = models;
    }

    /** @param options that the caller has chosen for all its requests */
    Fields textToImage(Fields asked, Options options) {
        Map<String, Object> weir = new LinkedHashMap<>();
        read(asked, options, weir);
        ControlUnits.translate(asked, Optional.empty(), weir);
        return Fields.of(weir);
    }

    Fields imageToImage(Fields asked, Options options) {
        Map<String, Object> weir = new LinkedHashMap<>();
        read(asked, options, weir);
        List<String> images = asked.texts("init_images");
        if (images.size() != 1) {
            throw images.isEmpty()
                    ? new ApiException(ApiError.invalid(404, "no_image", "Init image not found", "init_images"))
                    : asked.invalid("out_of_range", "init_images", "has several images; send one a request");
        }
        weir.put("init_image", images.get(0));
        ControlUnits.translate(asked, Optional.of(images.get(0)), weir);
        if (asked.flag("enable_hr")) {
            throw unsupported(asked, "enable_hr", "only txt2img has a second pass");
        }
        asked.real("denoising_strength", 0, 1).ifPresent(share -> weir.put("strength", share));
        // That program counts it for models that edit images only, and clients always send it.
        options(asked, options)
                .card(models)
                .filter(model -> ModelFields.takes(model, IMAGE_GUIDANCE))
                .flatMap(model -> asked.real("image_cfg_scale", 0, 100))
                .ifPresent(scale -> weir.put(IMAGE_GUIDANCE, scale));
        requireZero(asked, "resize_mode", "only 0 (just resize) is supported");
        asked.real("initial_noise_multiplier", 0, 10)
                .filter(factor -> factor != 1)
                .ifPresent(factor -> {
                    throw unsupported(asked, "initial_noise_multiplier", "only 1 is supported");
                });
        if (asked.has("mask")) {
            mask(asked, weir);
        }
        return Fields.of(weir);
    }

    private static void mask(Fields asked, Map<String, Object> weir) {
        weir.put("mask", asked.text("mask").orElseThrow());
        asked.integer("inpainting_fill", 0, 3)
                .map(fill -> MASKED_CONTENT.get(fill.intValue()))
                .ifPresent(content -> weir.put("masked_content", content));
        weir.put("mask_blur", asked.integer("mask_blur", 0, 64).orElse(4L));
        // True there where it is absent, and also where it is 1.
        if (!asked.has("inpaint_full_res") || asked.isOn("inpaint_full_res")) {
            weir.put(
                    "padding_mask_crop",
                    asked.integer("inpaint_full_res_padding", 0, 4096).orElse(0L));
        }
    }

    /** The same job without guidance where the caller's options say so. */
    JobSpec skipping(Fields asked, Options options, JobSpec spec) {
        return models.find(spec.model())
                .map(model -> SkippedGuidance.of(spec, options(asked, options).skip(), model))
                .orElse(spec);
    }

    /** The guidance of a job as that program counts it. */
    float cfg(JobSpec spec) {
        Generation made = spec.generation();
        return models.find(spec.model())
                .map(model -> CfgScale.shown(made, model))
                .orElse(made.getGuidanceScale());
    }

    /** Those that the nodes of a job's model have. */
    List<Upscaler> upscalers(JobSpec spec) {
        return models.find(spec.model()).map(ModelCard::getUpscalersList).orElse(List.of());
    }

    /** What the text of a picture says of that, and of what its model ignores. */
    Map<String, String> said(Fields asked, Options options) {
        Options chosen = options(asked, options);
        Map<String, String> said = new LinkedHashMap<>();
        if (chosen.skip() != 0) {
            said.put(SkippedGuidance.SETTING, Infotext.number(Double.toString(chosen.skip())));
        }
        chosen.card(models).ifPresent(model -> said.putAll(Ignored.of(asked, model)));
        return said;
    }

    private static Options options(Fields asked, Options options) {
        return asked.object("override_settings").map(options::with).orElse(options);
    }

    private void read(Fields asked, Options options, Map<String, Object> weir) {
        refuse(asked);
        Options chosen = options(asked, options);
        weir.put("prompt", asked.text("prompt").orElse(""));
        asked.text("negative_prompt")
                .filter(text -> !text.isEmpty())
                .ifPresent(text -> weir.put("negative_prompt", text));
        long images = asked.integer("batch_size", 1, MOST_IMAGES).orElse(1L)
                * asked.integer("n_iter", 1, MOST_IMAGES).orElse(1L);
        if (images > MOST_IMAGES) {
            throw asked.invalid(
                    "out_of_range",
                    "n_iter",
                    "times batch_size is %d images, at most %d".formatted(images, MOST_IMAGES));
        }
        weir.put("n", images);
        asked.seed("seed").ifPresent(seed -> weir.put("seed", seed));
        asked.integer("steps", 1, 1000).ifPresent(steps -> weir.put("num_inference_steps", steps));
        if (asked.has("width") || asked.has("height")) {
            weir.put("size", side(asked, "width", "height") + "x" + side(asked, "height", "width"));
        }
        weir.put("noise", NOISE.get(chosen.noise()));
        weir.put("on_disconnect", "cancel");
        weir.put("preview", Map.of("every_ms", 500));
        // Where nothing is served, the reader of the request says so.
        chosen.card(models).ifPresent(model -> {
            weir.put("model", model.getId());
            Ignored.guidance(asked, model).ifPresent(scale -> weir.put("guidance_scale", scale));
            if (ModelFields.takes(model, SYNTAX)) {
                weir.put(SYNTAX, "a1111");
            }
            chosen.layers()
                    .filter(layers -> layers > 1 && ModelFields.takes(model, CLIP_SKIP))
                    .ifPresent(layers -> weir.put(CLIP_SKIP, layers - 1));
            sampler(asked, model, weir);
        });
    }

    /** A side that is not given is as long as the other one. */
    private static long side(Fields asked, String name, String other) {
        return asked.integer(name, 1, MOST_SIDE)
                .orElseGet(() -> asked.integer(other, 1, MOST_SIDE).orElseThrow());
    }

    private static void sampler(Fields asked, ModelCard card, Map<String, Object> weir) {
        String wanted = asked.text("sampler_name")
                .filter(name -> !name.isEmpty())
                .or(() -> asked.text("sampler_index").filter(name -> !name.isEmpty()))
                .filter(name -> !name.equalsIgnoreCase(SamplerName.AUTOMATIC))
                .orElse(SamplerName.shown(card.getDefaultSampler()));
        // Old names end with the schedule: "DPM++ 2M Karras".
        int space = wanted.lastIndexOf(' ');
        String last = wanted.substring(space + 1).toLowerCase(Locale.ROOT);
        boolean isOld = space > 0 && SamplerName.SCHEDULES.containsKey(last);
        String name = isOld ? wanted.substring(0, space) : wanted;
        Optional<SamplerName> known = SamplerName.find(name);
        String own = known.map(sampler -> sampler.on(card)).orElse(name);
        Sampler sampler = card.getSamplersList().stream()
                .filter(offered -> offered.getName().equals(own))
                .findFirst()
                .orElseThrow(() -> new ApiException(
                        ApiError.invalid(404, "sampler_not_found", "Sampler not found", "sampler_name")));
        weir.put("sampler", own);
        String schedule = asked.text("scheduler")
                .filter(text -> !text.isEmpty())
                .map(text -> text.toLowerCase(Locale.ROOT))
                .orElse(isOld ? last : SamplerName.AUTOMATIC);
        if (schedule.equals(SamplerName.AUTOMATIC)) {
            known.filter(found -> !SamplerName.isFlow(card))
                    .map(SamplerName::automatic)
                    .filter(sampler.getSchedulesList()::contains)
                    .ifPresent(automatic -> weir.put("schedule", automatic));
        } else if (!SamplerName.isFlow(card) || !schedule.equals(SamplerName.SIMPLE)) {
            weir.put("schedule", schedule(asked, schedule, wanted, sampler));
        }
        asked.real("eta", 0, 1).ifPresent(eta -> {
            if (sampler.getTakesEta()) {
                weir.put("eta", eta);
            } else if (ANCESTRAL.contains(own) && eta != 1) {
                throw unsupported(asked, "eta", "%s is computed with 1 only".formatted(wanted));
            }
        });
    }

    private static String schedule(Fields asked, String schedule, String shown, Sampler sampler) {
        String own = SamplerName.SCHEDULES.getOrDefault(schedule, "");
        if (!sampler.getSchedulesList().contains(own)) {
            throw unsupported(asked, "scheduler", "%s has no schedule %s here".formatted(shown, schedule));
        }
        return own;
    }

    private static void refuse(Fields asked) {
        for (String name : SWITCHES) {
            if (asked.flag(name)) {
                throw unsupported(asked, name, "Weir does not have it");
            }
        }
        for (String name : SHARES) {
            asked.real(name, -1, MOST_SIDE).filter(share -> share > 0).ifPresent(share -> {
                throw unsupported(asked, name, "only 0 is supported");
            });
        }
        for (String name : List.of("script_name", "refiner_checkpoint")) {
            asked.text(name).filter(text -> !text.isEmpty()).ifPresent(text -> {
                throw unsupported(asked, name, "Weir does not have it");
            });
        }
    }

    private static void requireZero(Fields asked, String name, String problem) {
        asked.integer(name, 0, 10).filter(value -> value != 0).ifPresent(value -> {
            throw unsupported(asked, name, problem);
        });
    }

    static ApiException unsupported(Fields asked, String name, String problem) {
        return asked.invalid("unsupported_value", name, "is not supported: " + problem);
    }
}
