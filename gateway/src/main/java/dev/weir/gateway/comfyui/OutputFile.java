package dev.weir.gateway.comfyui;

import io.vertx.core.json.JsonObject;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a picture, which says the job and the sample, so that every gateway finds it.
 *
 * @param subfolder as the prefix says it; it has no meaning here
 */
record OutputFile(String name, String subfolder, String type, String job, int sample) {

    private static final Pattern NAME = Pattern.compile(".{0,200}_([0-9a-f-]{36})_([0-9]{5})_\\.png");
    private static final Pattern ODD = Pattern.compile("[^\\w .()%-]");
    private static final int LONGEST_PREFIX = 100;

    /** @param prefix the last part of it begins the name */
    static OutputFile of(String prefix, String type, String job, int sample) {
        int slash = prefix.lastIndexOf('/');
        String start = ODD.matcher(prefix.substring(slash + 1)).replaceAll("_");
        String name = "%s_%s_%05d_.png"
                .formatted(start.substring(0, Math.min(LONGEST_PREFIX, start.length())), job, sample + 1);
        return new OutputFile(name, slash < 0 ? "" : prefix.substring(0, slash), type, job, sample);
    }

    /** Empty for a name that no picture has. */
    static Optional<OutputFile> parse(String name) {
        Matcher parts = NAME.matcher(name);
        return parts.matches() && !parts.group(2).equals("00000")
                ? Optional.of(new OutputFile(name, "", "output", parts.group(1), Integer.parseInt(parts.group(2)) - 1))
                : Optional.empty();
    }

    JsonObject toJson() {
        return new JsonObject()
                .put("filename", name)
                .put("subfolder", subfolder)
                .put("type", type);
    }
}
