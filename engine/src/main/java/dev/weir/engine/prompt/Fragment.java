package dev.weir.engine.prompt;

/** A part of a prompt with its weight. */
record Fragment(String text, double weight) {

    /** {@link A1111Prompt} marks the end of a chunk with this text and {@link #BREAK_WEIGHT}, as the tool does. */
    static final String BREAK = "BREAK";

    static final double BREAK_WEIGHT = -1;

    /** Throws an IllegalArgumentException if the weight is out of bounds. */
    Fragment {
        PromptWeight.require(weight, text);
    }

    Fragment times(double factor) {
        return new Fragment(text, weight * factor);
    }

    /** A break inside brackets has another weight. The tool then reads it as a word, and so does Weir. */
    boolean isBreak() {
        return text.equals(BREAK) && weight == BREAK_WEIGHT;
    }
}
