package dev.weir.gateway.api;

import dev.weir.gateway.job.Route;
import dev.weir.gateway.job.StepRange;
import dev.weir.gateway.job.Strength;
import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Point;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.Size;
import dev.weir.proto.v1.Sizes;
import dev.weir.proto.v1.Workflow;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads what a request says of its images, within the bounds of a model's workflow, and fills in the defaults. Stateless. */
final class GenerationReader {

    private static final String PLAIN = "plain";
    /** What the painted part of an image may begin as, the default first. */
    private static final List<String> CONTENTS = List.of("original", "fill", "noise", "nothing");

    /** Those of the engine, which gateways do not know. */
    private static final List<String> SYNTAXES = List.of(PLAIN, "a1111", "comfyui", "compel");

    /** By the field, the default first. */
    static final Map<String, List<?>> VALUES = Map.of(
            "masked_content",
            CONTENTS,
            "prompt_syntax",
            SYNTAXES,
            "guidance_reuse",
            List.of(false, true),
            JobFields.FORMAT,
            JobFields.FORMATS);

    private static final String GUIDANCE = "guidance_scale";
    private static final Pattern SIZE = Pattern.compile("([1-9][0-9]{0,4})x([1-9][0-9]{0,4})");
    private static final Pattern POINT = Pattern.compile("([0-9]{1,5}),([0-9]{1,5})");
    private static final Pattern NOISE = Pattern.compile("comfyui|cpu|cpu:[0-9]{1,2}|cuda|cuda:[1-9][0-9]{0,5}");
    /** Other tools draw seeds of 32 bits, and some take no larger ones. */
    private static final long RANDOM_SEEDS = 1L << 32;

    private final int maxPromptLength;

    GenerationReader(int maxPromptLength) {
        this.maxPromptLength = maxPromptLength;
    }

    /** @param size empty: the workflow's own */
    Generation.Builder read(Fields fields, ModelCard card, Workflow workflow, Optional<int[]> size) {
        Sizes sizes = workflow.getSizes();
        String named = sampler(fields, card);
        Sampler sampler = Route.sampler(card, named).orElse(Sampler.getDefaultInstance());
        Generation.Builder generation = Generation.newBuilder()
                .setPrompt(fields.text("prompt", maxPromptLength).orElse(""))
                .setPromptSyntax(fields.oneOf("prompt_syntax", SYNTAXES)
                        .filter(syntax -> !syntax.equals(PLAIN))
                        .orElse(""))
                .setSeed(fields.seed("seed")
                        .filter(seed -> seed.signum() >= 0)
                        .map(seed -> seed.longValue())
                        .orElseGet(() -> ThreadLocalRandom.current().nextLong(RANDOM_SEEDS)))
                .setSteps(steps(fields, card, sampler))
                .setSampler(named)
                .setSchedule(schedule(fields, sampler))
                .setNoise(noise(fields))
                .setGuidanceScale(guidance(fields, card, workflow))
                .setGuidanceRescale(
                        number(fields, workflow, "guidance_rescale").orElse(0.0).floatValue())
                .setClipSkip(integer(fields, workflow, "clip_skip").orElse(0L).intValue())
                .setWidth(size.map(sides -> sides[0]).orElse(sizes.getDefaultWidth()))
                .setHeight(size.map(sides -> sides[1]).orElse(sizes.getDefaultHeight()));
        fields.text("negative_prompt", maxPromptLength).ifPresent(generation::setNegativePrompt);
        guidanceInterval(fields, workflow, generation);
        eta(fields, sampler).ifPresent(generation::setEta);
        integer(fields, workflow, "class_label").ifPresent(label -> generation.setClassLabel(label.intValue()));
        size(fields, "original_size")
                .ifPresent(sides -> generation.setOriginalSize(
                        Size.newBuilder().setWidth(sides[0]).setHeight(sides[1])));
        crop(fields).ifPresent(generation::setCrop);
        strength(fields, workflow, sampler, generation.getSteps()).ifPresent(generation::setStrength);
        number(fields, workflow, "image_guidance_scale")
                .map(Double::floatValue)
                .ifPresent(generation::setImageGuidanceScale);
        number(fields, workflow, "refiner_start").ifPresent(generation::setRefinerStart);
        number(fields, workflow, "mask_blur").ifPresent(generation::setMaskBlur);
        fields.oneOf("masked_content", CONTENTS)
                .filter(content -> !content.equals(CONTENTS.get(0)))
                .ifPresent(generation::setMaskedContent);
        integer(fields, workflow, "padding_mask_crop")
                .ifPresent(padding -> generation.setPaddingMaskCrop(padding.intValue()));
        integer(fields, workflow, "noise_level").ifPresent(level -> generation.setNoiseLevel(level.intValue()));
        integer(fields, workflow, "prior_steps").ifPresent(steps -> generation.setPriorSteps(steps.intValue()));
        number(fields, workflow, "prior_guidance_scale")
                .map(Double::floatValue)
                .ifPresent(generation::setPriorGuidanceScale);
        EmbeddingReader.read(fields, card, generation);
        return generation;
    }

    /** The sampler's own bounds, within which the model's default is moved. */
    private static int steps(Fields fields, ModelCard card, Sampler sampler) {
        StepRange steps = StepRange.of(card, sampler);
        return fields.integer("num_inference_steps", steps.min(), steps.max())
                .orElse((long) steps.clamp(card.getDefaultSteps()))
                .intValue();
    }

    /** A model without guidance has a scale of 1, which has no effect. */
    private static float guidance(Fields fields, ModelCard card, Workflow workflow) {
        return number(fields, workflow, GUIDANCE)
                .map(Double::floatValue)
                .orElse(WorkflowChoice.field(workflow, GUIDANCE).isPresent() ? card.getDefaultGuidanceScale() : 1);
    }

    private static void guidanceInterval(Fields fields, Workflow workflow, Generation.Builder generation) {
        double start = number(fields, workflow, "guidance_start").orElse(0.0);
        Optional<Double> end = number(fields, workflow, "guidance_end");
        if (start > end.orElse(1.0)) {
            throw fields.invalid(
                    "invalid_value",
                    "guidance_start",
                    "must be at most guidance_end, %s, not %s".formatted(end.orElse(1.0), start));
        }
        generation.setGuidanceStart(start).setGuidanceReuse(fields.flag("guidance_reuse"));
        end.filter(share -> share < 1).ifPresent(generation::setGuidanceEnd);
    }

    /** What the request says, else what the workflow has for requests that do not say it. */
    private static Optional<Double> number(Fields fields, Workflow workflow, String name) {
        return WorkflowChoice.field(workflow, name).flatMap(field -> fields.real(name, field.getMin(), field.getMax())
                .or(() -> field.hasUsual() ? Optional.of(field.getUsual()) : Optional.empty()));
    }

    private static Optional<Long> integer(Fields fields, Workflow workflow, String name) {
        return WorkflowChoice.field(workflow, name).flatMap(field -> integer(fields, field));
    }

    private static Optional<Long> integer(Fields fields, Field field) {
        return fields.integer(field.getName(), (long) field.getMin(), (long) field.getMax())
                .or(() -> field.hasUsual() ? Optional.of((long) field.getUsual()) : Optional.empty());
    }

    /** The name of a sampler, or what the model's default says besides a name. */
    private static String sampler(Fields fields, ModelCard card) {
        List<String> names = Stream.concat(
                        card.getSamplersList().stream().map(Sampler::getName), Stream.of(card.getDefaultSampler()))
                .distinct()
                .toList();
        return fields.oneOf("sampler", names).orElse(card.getDefaultSampler());
    }

    private static String schedule(Fields fields, Sampler sampler) {
        if (fields.says("schedule") && sampler.getSchedulesCount() == 0) {
            throw fields.invalid(
                    "unsupported_parameter",
                    "schedule",
                    "is not taken by the sampler %s, which has no schedules".formatted(sampler.getName()));
        }
        return fields.oneOf("schedule", sampler.getSchedulesList()).orElse("");
    }

    private static Optional<Float> eta(Fields fields, Sampler sampler) {
        Optional<Double> eta = fields.real("eta", 0, 1);
        if (eta.isPresent() && !sampler.getTakesEta()) {
            throw fields.invalid("unsupported_parameter", "eta", "is not taken by the sampler " + sampler.getName());
        }
        return eta.map(Double::floatValue);
    }

    private static String noise(Fields fields) {
        String noise = fields.text("noise").orElse("");
        if (!noise.isEmpty() && !NOISE.matcher(noise).matches()) {
            throw fields.invalid("invalid_value", "noise", "must be comfyui, cpu, cpu:INDEX, cuda or cuda:BLOCKS");
        }
        return noise;
    }

    /** Empty if the request leaves the size to the model. */
    static Optional<int[]> size(Fields fields, String name) {
        String size = fields.text(name).orElse("auto");
        if (size.equals("auto")) {
            return Optional.empty();
        }
        Matcher sides = SIZE.matcher(size);
        if (!sides.matches()) {
            throw fields.invalid("invalid_value", name, "must be auto or WIDTHxHEIGHT in pixels, as 256x256");
        }
        return Optional.of(new int[] {Integer.parseInt(sides.group(1)), Integer.parseInt(sides.group(2))});
    }

    private static Optional<Double> strength(Fields fields, Workflow workflow, Sampler sampler, int steps) {
        Optional<Double> strength = number(fields, workflow, "strength");
        strength.map(value -> Strength.of(value, workflow, sampler))
                .filter(limit -> limit.of(steps) < 1)
                .ifPresent(limit -> {
                    throw fields.invalid("out_of_range", "strength", limit.problem(steps));
                });
        return strength;
    }

    private static Optional<Point> crop(Fields fields) {
        return fields.text("crop").map(text -> {
            Matcher point = POINT.matcher(text);
            if (!point.matches()) {
                throw fields.invalid("invalid_value", "crop", "must be LEFT,TOP in pixels, as 0,0");
            }
            return Point.newBuilder()
                    .setX(Integer.parseInt(point.group(1)))
                    .setY(Integer.parseInt(point.group(2)))
                    .build();
        });
    }
}
