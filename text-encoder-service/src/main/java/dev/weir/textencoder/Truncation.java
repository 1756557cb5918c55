package dev.weir.textencoder;

import dev.weir.engine.PromptStates;
import dev.weir.proto.v1.Warning;
import java.util.Optional;

/** The warning that a text encoder did not read the end of a prompt. Stateless; any thread. */
final class Truncation {

    static final String CODE = "prompt_truncated";

    /** In characters; enough to find the place in the prompt. */
    private static final int SHOWN = 200;

    private Truncation() {}

    /** @param param the field of the request that holds the prompt */
    static Optional<Warning> of(String param, PromptStates prompt) {
        if (!prompt.isCut()) {
            return Optional.empty();
        }
        String message = "The %s is longer than the %d tokens that the text encoder reads. This part was not used: %s"
                .formatted(param.replace('_', ' '), prompt.tokens(), shortened(prompt.cut()));
        return Optional.of(Warning.newBuilder()
                .setCode(CODE)
                .setMessage(message)
                .setParam(param)
                .build());
    }

    private static String shortened(String text) {
        return text.codePointCount(0, text.length()) <= SHOWN
                ? text
                : text.substring(0, text.offsetByCodePoints(0, SHOWN)).stripTrailing() + "…";
    }
}
