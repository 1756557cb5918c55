package dev.weir.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/**
 * What only some models or samplers take; the gateway says so where one does not. Immutable. Start from {@link #NONE}.
 *
 * @param schedule the sigma schedule, as {@code karras}
 * @param eta the sampler's share of noise, 0 to 1
 * @param noise the generator of the noise: {@code cpu}, {@code cuda} or {@code cuda:BLOCKS}
 * @param classLabel of class-conditional models
 * @param clipSkip how many of the text encoder's last layers are left out
 * @param guidanceRescale 0 to 1
 * @param originalSize {@code WIDTHxHEIGHT}
 * @param crop {@code LEFT,TOP}
 * @param refinerStart the share of the steps after which a model's refiner takes over; 1: it does nothing
 */
public record Options(
        Optional<String> schedule,
        Optional<Double> eta,
        Optional<String> noise,
        Optional<Integer> classLabel,
        Optional<Integer> clipSkip,
        Optional<Double> guidanceRescale,
        Optional<String> originalSize,
        Optional<String> crop,
        Optional<Double> refinerStart) {

    public static final Options NONE = new Options(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());

    public Options withSchedule(String name) {
        return new Options(
                Optional.ofNullable(name),
                eta,
                noise,
                classLabel,
                clipSkip,
                guidanceRescale,
                originalSize,
                crop,
                refinerStart);
    }

    public Options withEta(Double share) {
        return new Options(
                schedule,
                Optional.ofNullable(share),
                noise,
                classLabel,
                clipSkip,
                guidanceRescale,
                originalSize,
                crop,
                refinerStart);
    }

    public Options withNoise(String kind) {
        return new Options(
                schedule,
                eta,
                Optional.ofNullable(kind),
                classLabel,
                clipSkip,
                guidanceRescale,
                originalSize,
                crop,
                refinerStart);
    }

    public Options withClassLabel(Integer label) {
        return new Options(
                schedule,
                eta,
                noise,
                Optional.ofNullable(label),
                clipSkip,
                guidanceRescale,
                originalSize,
                crop,
                refinerStart);
    }

    public Options withClipSkip(Integer layers) {
        return new Options(
                schedule,
                eta,
                noise,
                classLabel,
                Optional.ofNullable(layers),
                guidanceRescale,
                originalSize,
                crop,
                refinerStart);
    }

    public Options withGuidanceRescale(Double share) {
        return new Options(
                schedule,
                eta,
                noise,
                classLabel,
                clipSkip,
                Optional.ofNullable(share),
                originalSize,
                crop,
                refinerStart);
    }

    public Options withOriginalSize(String size) {
        return new Options(
                schedule,
                eta,
                noise,
                classLabel,
                clipSkip,
                guidanceRescale,
                Optional.ofNullable(size),
                crop,
                refinerStart);
    }

    public Options withCrop(String point) {
        return new Options(
                schedule,
                eta,
                noise,
                classLabel,
                clipSkip,
                guidanceRescale,
                originalSize,
                Optional.ofNullable(point),
                refinerStart);
    }

    public Options withRefinerStart(Double share) {
        return new Options(
                schedule,
                eta,
                noise,
                classLabel,
                clipSkip,
                guidanceRescale,
                originalSize,
                crop,
                Optional.ofNullable(share));
    }

    /** Puts the fields that have a value, under the names that the gateway has for them. */
    public void addTo(ObjectNode json) {
        schedule.ifPresent(value -> json.put("schedule", value));
        eta.ifPresent(value -> json.put("eta", value));
        noise.ifPresent(value -> json.put("noise", value));
        classLabel.ifPresent(value -> json.put("class_label", value));
        clipSkip.ifPresent(value -> json.put("clip_skip", value));
        guidanceRescale.ifPresent(value -> json.put("guidance_rescale", value));
        originalSize.ifPresent(value -> json.put("original_size", value));
        crop.ifPresent(value -> json.put("crop", value));
        refinerStart.ifPresent(value -> json.put("refiner_start", value));
    }
}
