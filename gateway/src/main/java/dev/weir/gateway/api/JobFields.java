package dev.weir.gateway.api;

import dev.weir.gateway.job.JobSpec.Terms;
import dev.weir.gateway.job.OnDisconnect;
import dev.weir.gateway.job.Picture;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Priority;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What every job is asked for, whatever it makes: whose it is, how urgent, and which files. Immutable. */
record JobFields(Terms terms, String format, int quality) {

    static final String FORMAT = "output_format";
    /** The default first. The last is of models that have the field alone. */
    static final List<String> FORMATS = List.of("png", "jpeg", "webp", Picture.PLY);

    static final int MAX_USER_LENGTH = 256;

    private static final List<Priority> PRIORITIES = List.of(Priority.INTERACTIVE, Priority.STANDARD, Priority.BATCH);
    private static final List<OnDisconnect> ON_DISCONNECT = List.of(OnDisconnect.values());

    /** @param otherwise what happens to the job of a client that disconnects, if the client did not say */
    static JobFields read(Fields fields, OnDisconnect otherwise) {
        String user = fields.text("user", MAX_USER_LENGTH).orElse("");
        String format = fields.oneOf(FORMAT, FORMATS).orElse(FORMATS.get(0));
        long quality = fields.integer("output_compression", 0, 100).orElse(format.equals("png") ? 100L : 90L);
        Priority priority = choice(fields, "priority", PRIORITIES).orElse(Priority.STANDARD);
        OnDisconnect onDisconnect =
                choice(fields, "on_disconnect", ON_DISCONNECT).orElse(otherwise);
        return new JobFields(new Terms(user, priority, onDisconnect), format, (int) Math.max(1, quality));
    }

    /** @param why a file of points is not made */
    void requirePicture(Fields fields, String why) {
        if (format.equals(Picture.PLY)) {
            throw fields.invalid("unsupported_value", FORMAT, "must be png, jpeg or webp: " + why);
        }
    }

    Generation.Builder putInto(Generation.Builder generation) {
        return generation.setOutputFormat(format).setOutputCompression(quality);
    }

    /** The constant that a field names in lower case. */
    private static <E extends Enum<E>> Optional<E> choice(Fields fields, String name, List<E> choices) {
        List<String> names = choices.stream()
                .map(choice -> choice.name().toLowerCase(Locale.ROOT))
                .toList();
        return fields.oneOf(name, names).map(chosen -> choices.get(names.indexOf(chosen)));
    }
}
