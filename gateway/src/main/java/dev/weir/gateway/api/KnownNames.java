package dev.weir.gateway.api;

import java.util.List;

/** What is said of a name that no file has. Stateless. */
final class KnownNames {

    private static final int SHOWN = 20;
    private static final int LONGEST = 60;

    private KnownNames() {}

    /**
     * Completes a sentence that starts with the field's name.
     *
     * @param kind of the file, as {@code LoRA}
     * @param known those that there are
     */
    static String refusal(String kind, String name, String model, List<String> known) {
        int more = known.size() - SHOWN;
        String names = String.join(", ", known.subList(0, Math.min(SHOWN, known.size())));
        return "\"%s\" is no %s that a node has for the model %s; %s"
                .formatted(
                        name.length() > LONGEST ? name.substring(0, LONGEST) + "…" : name,
                        kind,
                        model,
                        known.isEmpty()
                                ? "there are none"
                                : "there are " + names + (more > 0 ? " and %d more".formatted(more) : ""));
    }
}
