package dev.weir.gateway.api;

import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.Preview.Grade;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The frames that a request wants, before its model is known.
 *
 * @param when without a grade
 * @param grade empty: the cheapest that the model has
 * @param fields has the field that names the grade
 * @param field its name
 */
record FramesWanted(Preview when, Optional<Grade> grade, Fields fields, String field) {

    static final Set<String> PREVIEW = new TreeSet<>(Set.of("every_steps", "every_ms", "count", "grade"));
    static final int MAX_PARTIAL_IMAGES = 3;
    static final int MAX_PREVIEW_MS = 600_000;

    private static final int MAX_STEPS = 1000;
    private static final int MAX_COUNT = 100;

    /** All of them, the cheapest first. */
    private static final List<Grade> GRADES = List.of(Grade.LATENT_RGB, Grade.TAESD, Grade.VAE);

    /** The fields {@code partial_images} and {@code partial_images_grade}. */
    static FramesWanted partialImages(Fields fields, boolean stream) {
        int partial = fields.integer("partial_images", 0, MAX_PARTIAL_IMAGES)
                .orElse(0L)
                .intValue();
        if (partial > 0 && !stream) {
            throw fields.invalid("invalid_value", "partial_images", "needs stream to be true");
        }
        return new FramesWanted(
                Preview.newBuilder().setCount(partial).build(),
                grade(fields, "partial_images_grade").or(() -> Optional.of(Grade.VAE)),
                fields,
                "partial_images_grade");
    }

    /** The field {@code preview}. */
    static FramesWanted read(Fields fields, Preview otherwise) {
        return fields.object("preview")
                .map(FramesWanted::preview)
                .orElse(new FramesWanted(otherwise, Optional.empty(), fields, "preview"));
    }

    private static FramesWanted preview(Fields preview) {
        preview.allowOnly(PREVIEW);
        Preview when = Preview.newBuilder()
                .setEverySteps(
                        preview.integer("every_steps", 0, MAX_STEPS).orElse(0L).intValue())
                .setEveryMs(preview.integer("every_ms", 0, MAX_PREVIEW_MS)
                        .orElse(0L)
                        .intValue())
                .setCount(preview.integer("count", 0, MAX_COUNT).orElse(0L).intValue())
                .build();
        return new FramesWanted(when, grade(preview, "grade"), preview, "grade");
    }

    private static Optional<Grade> grade(Fields fields, String field) {
        return fields.oneOf(field, GRADES.stream().map(FramesWanted::name).toList())
                .map(name -> Grade.valueOf(name.toUpperCase(Locale.ROOT)));
    }

    /**
     * The frames of an image of this model. A model without a matrix for its latents has the next grade in its place; a tiny
     * autoencoder that it lacks is refused.
     */
    Preview of(ModelCard card) {
        List<Grade> known = grades(card);
        if (grade.equals(Optional.of(Grade.TAESD)) && !known.contains(Grade.TAESD)) {
            throw fields.invalid("unsupported_value", field, noTaesd(card, known));
        }
        return when.toBuilder()
                .setGrade(grade.filter(known::contains).orElse(known.get(0)))
                .build();
    }

    private static String noTaesd(ModelCard card, List<Grade> known) {
        return ("must not be taesd: \"%s\" has no tiny autoencoder. It has %s. The operator can give its decoders one with --taesd, or as "
                        + "the folder taesd of the model")
                .formatted(card.getId(), known.stream().map(FramesWanted::name).collect(Collectors.joining(", ")));
    }

    /** How frames of a model can be decoded, the cheapest first. Nodes of an earlier version do not say. */
    static List<Grade> grades(ModelCard card) {
        List<Grade> said = card.getPreviewsList();
        return said.isEmpty()
                ? List.of(Grade.LATENT_RGB, Grade.VAE)
                : GRADES.stream().filter(said::contains).toList();
    }

    /** In requests. */
    static String name(Grade grade) {
        return grade.name().toLowerCase(Locale.ROOT);
    }
}
