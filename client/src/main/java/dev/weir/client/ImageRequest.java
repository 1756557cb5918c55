package dev.weir.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * What to generate. Immutable. A field that is empty takes the model's default; the gateway checks all values.
 *
 * @param count how many images, 1 to 10
 * @param size {@code WIDTHxHEIGHT} in pixels
 * @param prompt empty for models without text; an empty text is a prompt
 * @param seed of the first image, up to 2^64 - 1; the following images have seed + 1, seed + 2 and so on. Random where it is empty
 *     or -1
 * @param guidanceScale how closely to follow the prompt; 1 or less: no guidance
 * @param compression the JPEG quality, 0 to 100
 * @param user whom the work is for; users share the devices fairly
 */
public record ImageRequest(
        Optional<String> prompt,
        Optional<String> negativePrompt,
        Optional<String> model,
        int count,
        Optional<String> size,
        Optional<BigInteger> seed,
        Optional<Integer> steps,
        Optional<Double> guidanceScale,
        Optional<String> sampler,
        Options options,
        ImageInput input,
        ImageFormat format,
        Optional<Integer> compression,
        Optional<String> user,
        Priority priority,
        Frames frames) {

    /** A request with the model's defaults for all but the prompt. */
    public static ImageRequest of(String prompt) {
        return builder(prompt).build();
    }

    public static Builder builder(String prompt) {
        return new Builder(Objects.requireNonNull(prompt, "prompt"));
    }

    /** For a model without text. */
    public static Builder builder() {
        return new Builder((String) null);
    }

    /** A builder that starts with the values of this request. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /** The fields of {@code POST /v1/jobs}. */
    ObjectNode toJson() {
        ObjectNode json = Json.object().put("n", count);
        prompt.ifPresent(value -> json.put("prompt", value));
        negativePrompt.ifPresent(value -> json.put("negative_prompt", value));
        model.ifPresent(value -> json.put("model", value));
        size.ifPresent(value -> json.put("size", value));
        seed.ifPresent(value -> json.put("seed", value));
        steps.ifPresent(value -> json.put("num_inference_steps", value));
        guidanceScale.ifPresent(value -> json.put("guidance_scale", value));
        sampler.ifPresent(value -> json.put("sampler", value));
        options.addTo(json);
        input.addTo(json);
        json.put("output_format", format.wireName());
        compression.ifPresent(value -> json.put("output_compression", value));
        user.ifPresent(value -> json.put("user", value));
        json.put("priority", wireName(priority));
        json.putObject("preview")
                .put("every_steps", frames.everySteps())
                .put("every_ms", frames.every().toMillis())
                .put("count", frames.count())
                .put("grade", wireName(frames.grade()));
        return json;
    }

    private static String wireName(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /** Collects the fields of a request. For one thread. */
    public static final class Builder {

        private final String prompt;
        private String negativePrompt;
        private String model;
        private int count = 1;
        private String size;
        private BigInteger seed;
        private Integer steps;
        private Double guidanceScale;
        private String sampler;
        private Options options = Options.NONE;
        private ImageInput input = ImageInput.NONE;
        private ImageFormat format = ImageFormat.PNG;
        private Integer compression;
        private String user;
        private Priority priority = Priority.STANDARD;
        private Frames frames = Frames.NONE;

        private Builder(String prompt) {
            this.prompt = prompt;
        }

        private Builder(ImageRequest from) {
            prompt = from.prompt.orElse(null);
            negativePrompt = from.negativePrompt.orElse(null);
            model = from.model.orElse(null);
            count = from.count;
            size = from.size.orElse(null);
            seed = from.seed.orElse(null);
            steps = from.steps.orElse(null);
            guidanceScale = from.guidanceScale.orElse(null);
            sampler = from.sampler.orElse(null);
            options = from.options;
            input = from.input;
            format = from.format;
            compression = from.compression.orElse(null);
            user = from.user.orElse(null);
            priority = from.priority;
            frames = from.frames;
        }

        public Builder negativePrompt(String negativePrompt) {
            this.negativePrompt = negativePrompt;
            return this;
        }

        public Builder model(String id) {
            this.model = id;
            return this;
        }

        public Builder count(int count) {
            this.count = count;
            return this;
        }

        public Builder size(int width, int height) {
            return size(width + "x" + height);
        }

        /** @param size as {@code 512x512} */
        public Builder size(String size) {
            this.size = size;
            return this;
        }

        /** @param seed -1: a random one, which the result names */
        public Builder seed(long seed) {
            return seed(BigInteger.valueOf(seed));
        }

        public Builder seed(BigInteger seed) {
            this.seed = seed;
            return this;
        }

        public Builder steps(int steps) {
            this.steps = steps;
            return this;
        }

        public Builder guidanceScale(double scale) {
            this.guidanceScale = scale;
            return this;
        }

        public Builder sampler(String name) {
            this.sampler = name;
            return this;
        }

        /** What only some models or samplers take. */
        public Builder options(Options options) {
            this.options = Objects.requireNonNull(options);
            return this;
        }

        /** The pictures that it brings. */
        public Builder input(ImageInput input) {
            this.input = Objects.requireNonNull(input);
            return this;
        }

        public Builder format(ImageFormat format) {
            this.format = Objects.requireNonNull(format);
            return this;
        }

        public Builder compression(int quality) {
            this.compression = quality;
            return this;
        }

        public Builder user(String user) {
            this.user = user;
            return this;
        }

        public Builder priority(Priority priority) {
            this.priority = Objects.requireNonNull(priority);
            return this;
        }

        public Builder frames(Frames frames) {
            this.frames = Objects.requireNonNull(frames);
            return this;
        }

        public ImageRequest build() {
            return new ImageRequest(
                    Optional.ofNullable(prompt),
                    Optional.ofNullable(negativePrompt),
                    Optional.ofNullable(model),
                    count,
                    Optional.ofNullable(size),
                    Optional.ofNullable(seed),
                    Optional.ofNullable(steps),
                    Optional.ofNullable(guidanceScale),
                    Optional.ofNullable(sampler),
                    options,
                    input,
                    format,
                    Optional.ofNullable(compression),
                    Optional.ofNullable(user),
                    priority,
                    frames);
        }
    }
}
