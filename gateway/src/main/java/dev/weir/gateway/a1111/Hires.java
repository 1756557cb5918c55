package dev.weir.gateway.a1111;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.job.JobSpec;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Upscaler;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The second pass of {@code enable_hr}: the picture of the first pass, or its latent, at a larger size, changed as {@code
 * denoising_strength} says. Pictures are resized by Lanczos, or by an upscaler of the nodes. Immutable; any thread.
 *
 * @param latentResize how the latent of the first pass is enlarged, in Weir's words; empty: the picture is
 * @param upscaler that enlarges the picture of the first pass
 * @param steps that are done in the second pass
 * @param shown how texts of pictures describe it
 */
record Hires(
        int width,
        int height,
        String latentResize,
        Optional<Upscaler> upscaler,
        double strength,
        int steps,
        Map<String, String> shown) {

    private static final String SWITCH = "enable_hr";
    private static final int MOST_STEPS = 1000;
    private static final String USUAL_UPSCALER = "Latent";
    /** {@code latent_upscale_modes} in that program's {@code modules/shared_items.py}: interpolations of PyTorch. */
    static final Map<String, String> LATENT = new LinkedHashMap<>();

    static {
        LATENT.put(USUAL_UPSCALER, "bilinear");
        LATENT.put("Latent (antialiased)", "bilinear-antialiased");
        LATENT.put("Latent (bicubic)", "bicubic");
        LATENT.put("Latent (bicubic antialiased)", "bicubic-antialiased");
        LATENT.put("Latent (nearest)", "nearest");
        LATENT.put("Latent (nearest-exact)", "nearest-exact");
    }

    /** That program resizes by Lanczos without an upscaler, too. */
    private static final Set<String> LANCZOS = Set.of("Lanczos", "None");
    /** Values that mean "as in the first pass". */
    private static final Map<String, String> SAME = Map.of(
            "hr_checkpoint_name", "Use same checkpoint",
            "hr_sampler_name", "Use same sampler",
            "hr_scheduler", "Use same scheduler",
            "hr_prompt", "",
            "hr_negative_prompt", "");

    /**
     * @param first the first pass
     * @param upscalers that nodes have
     */
    static Optional<Hires> of(Fields asked, JobSpec first, List<Upscaler> upscalers) {
        if (!asked.flag(SWITCH)) {
            return Optional.empty();
        }
        SAME.forEach((name, same) -> asked.text(name)
                .filter(text -> !text.isEmpty() && !text.equals(same))
                .ifPresent(text -> {
                    throw Translation.unsupported(asked, name, "the second pass has the settings of the first one");
                }));
        for (String name : List.of("firstphase_width", "firstphase_height")) {
            asked.integer(name, 0, Translation.MOST_SIDE)
                    .filter(side -> side > 0)
                    .ifPresent(side -> {
                        throw Translation.unsupported(asked, name, "width and height are those of the first pass");
                    });
        }
        String upscaler = upscaler(asked);
        Optional<Upscaler> network = LANCZOS.contains(upscaler) || LATENT.containsKey(upscaler)
                ? Optional.empty()
                : Upscale.find(upscalers, upscaler);
        if (!LANCZOS.contains(upscaler) && !LATENT.containsKey(upscaler) && network.isEmpty()) {
            throw Translation.unsupported(
                    asked,
                    "hr_upscaler",
                    "Weir has Lanczos, None, %s, not \"%.60s\""
                            .formatted(
                                    Stream.concat(
                                                    LATENT.keySet().stream(),
                                                    upscalers.stream().map(Upscaler::getName))
                                            .collect(Collectors.joining(", ")),
                                    upscaler));
        }
        double strength = asked.real("denoising_strength", 0, 1).orElse(0.75);
        int steps = asked.integer("hr_second_pass_steps", 0, MOST_STEPS)
                .filter(count -> count > 0)
                .map(Long::intValue)
                .orElse(first.generation().getSteps());
        if (strength > 0 && scheduled(steps, strength) > MOST_STEPS) {
            throw asked.invalid(
                    "invalid_value",
                    "denoising_strength",
                    "is too small: %d steps are that share of more than %d".formatted(steps, MOST_STEPS));
        }
        int width = first.generation().getWidth();
        int height = first.generation().getHeight();
        int[] size = size(asked, width, height);
        Map<String, String> shown = new LinkedHashMap<>();
        shown.put(PicturesAnswer.STRENGTH, Infotext.number(Double.toString(strength)));
        shown.put("Hires upscale", Infotext.number(Double.toString(size[0] / (double) width)));
        shown.put("Hires steps", "" + steps);
        shown.put("Hires upscaler", upscaler);
        return Optional.of(
                new Hires(size[0], size[1], LATENT.getOrDefault(upscaler, ""), network, strength, steps, shown));
    }

    private static String upscaler(Fields asked) {
        return asked.text("hr_upscaler").filter(name -> !name.isEmpty()).orElse(USUAL_UPSCALER);
    }

    /** The first pass, whose pictures have their latents if the second begins with these. */
    static JobSpec first(Fields asked, JobSpec spec) {
        return asked.flag(SWITCH) && LATENT.containsKey(upscaler(asked))
                ? spec.making(spec.generation().toBuilder().setKeepsLatent(true).build())
                : spec;
    }

    /** The first pass, whose picture an upscaler enlarges for the second: {@code images.resize_image}. */
    JobSpec enlarged(Fields asked, JobSpec first) {
        int wide = first.generation().getWidth();
        int high = first.generation().getHeight();
        double by = Math.max(width / (double) wide, height / (double) high);
        if (upscaler.isEmpty() || by <= 1) {
            return first;
        }
        Resizing.Builder steps = Resizing.newBuilder();
        Upscale.enlarge(
                asked, "hr_upscaler", steps, upscaler.get(), by, new int[] {wide, high}, new int[] {width, height});
        return first.making(first.generation().toBuilder()
                .addUpscalers(upscaler.get())
                .setFinishing(steps)
                .build());
    }

    private static int[] size(Fields asked, int width, int height) {
        long wide = asked.integer("hr_resize_x", 0, Translation.MOST_SIDE).orElse(0L);
        long high = asked.integer("hr_resize_y", 0, Translation.MOST_SIDE).orElse(0L);
        if (wide == 0 && high == 0) {
            double scale = asked.real("hr_scale", 1, 16).orElse(2.0);
            return new int[] {(int) (width * scale), (int) (height * scale)};
        }
        wide = wide == 0 ? high * width / height : wide;
        high = high == 0 ? wide * height / width : high;
        if (wide * height != high * width) {
            throw Translation.unsupported(asked, "hr_resize_x", "the second pass has the proportions of the first one");
        }
        return new int[] {(int) wide, (int) high};
    }

    /** The second pass of the first sample. Refuses one that the model cannot make. */
    JobSpec second(Fields asked, Fields first, RequestReader reader) {
        try {
            JobSpec second = reader.laterJob(fields(first, scheduled(steps, strength)));
            if (countsPartialStep(second)) {
                second = reader.laterJob(fields(first, Math.floor(steps / strength)));
            }
            ControlUnits.requireExact(asked, second);
            return second.making(second.generation().toBuilder()
                    .setLatentResize(latentResize)
                    .build());
        } catch (ApiException e) {
            ApiError error = e.error();
            throw new ApiException(
                    ApiError.invalid(error.status(), error.code(), "enable_hr: " + error.message(), SWITCH));
        }
    }

    private static boolean countsPartialStep(JobSpec second) {
        return second.route().stream().anyMatch(stage -> stage.getSampling().getCountsPartialStep());
    }

    /** @param scheduled the steps of the whole schedule */
    private Fields fields(Fields first, double scheduled) {
        return first.with("n", 1)
                .with("size", width + "x" + height)
                .with("strength", strength)
                .with("num_inference_steps", strength > 0 ? (int) scheduled : steps);
    }

    /** Steps of a schedule of which the strength leaves so many: the product is rounded down, in floating point. */
    private static double scheduled(int steps, double strength) {
        double scheduled = Math.ceil(steps / strength);
        return (int) (scheduled * strength) < steps ? scheduled + 1 : scheduled;
    }
}
