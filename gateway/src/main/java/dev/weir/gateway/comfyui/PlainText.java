package dev.weir.gateway.comfyui;

/** Prompts of models whose text encoders read texts as they stand. Stateless. */
final class PlainText {

    private PlainText() {}

    /**
     * Without the backslashes of brackets that count as text. Throws {@link RefusedNodeException} where ComfyUI would read more than a
     * text in it: weights or embeddings.
     *
     * @param input that the message is about
     */
    static String of(SamplerInputs inputs, String input, String text, String model) {
        if (hasWeights(text)) {
            throw inputs.refused(
                    input,
                    "has weights in brackets, which are not computed for %s; brackets that are text are written \\( and \\)"
                            .formatted(model));
        }
        requireNoEmbedding(inputs, input, text, model);
        return unescaped(text);
    }

    static void requireNoEmbedding(SamplerInputs inputs, String input, String text, String model) {
        if (text.contains("embedding:")) {
            throw inputs.refused(input, "has embeddings, and %s takes none".formatted(model));
        }
    }

    private static boolean hasWeights(String text) {
        String rest = unmarked(text);
        return rest.indexOf('(') >= 0 && rest.lastIndexOf(')') > rest.indexOf('(');
    }

    /** Whether it has an opening bracket that is no text, where ComfyUI cuts it. */
    static boolean isCut(String text) {
        return unmarked(text).indexOf('(') >= 0;
    }

    /** Without the brackets that are text. */
    private static String unmarked(String text) {
        return text.replace("\\)", "").replace("\\(", "");
    }

    static String unescaped(String text) {
        return text.replace("\\)", ")").replace("\\(", "(");
    }
}
