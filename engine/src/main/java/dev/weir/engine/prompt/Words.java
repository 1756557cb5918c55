package dev.weir.engine.prompt;

/** What the prompts of a request say at which step. */
public record Words(Composition prompt, Composition negative) {

    public static final Words PLAIN = new Words(Composition.of(""), Composition.of(""));

    /** Throws an IllegalArgumentException if there are too many texts or parts. */
    public static Words of(String prompt, String negative, PromptSyntax syntax, int steps) {
        return new Words(Composition.of(prompt, syntax, steps), Composition.ofNegative(negative, syntax, steps));
    }

    public Words atEnd() {
        return new Words(prompt.atEnd(), negative.atEnd());
    }

    public boolean isPlain() {
        return prompt.isPlain() && negative.isPlain();
    }
}
