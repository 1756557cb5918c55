package dev.weir.engine.prompt;

import java.util.ArrayList;
import java.util.List;

/**
 * What ComfyUI's nodes for conditionings make of texts, written as one text, by which its states are remembered. The marks are control
 * characters, which the texts do not have. Stateless; any thread.
 */
public final class ComfyNotation {

    private static final char SEQUENCE = '\1';
    private static final char AVERAGE = '\2';
    private static final char NEXT = '\3';
    private static final char END = '\4';

    private ComfyNotation() {}

    /** A text as {@link ComfyPrompt} reads it. */
    public static String text(String text) {
        for (char mark : new char[] {SEQUENCE, AVERAGE, NEXT, END}) {
            if (text.indexOf(mark) >= 0) {
                throw new IllegalArgumentException("the prompt has a control character, U+%04X".formatted((int) mark));
            }
        }
        return text;
    }

    /** {@code ConditioningConcat}. */
    public static String sequence(List<String> parts) {
        return SEQUENCE + String.join(String.valueOf(NEXT), parts) + END;
    }

    /** {@code ConditioningAverage}. */
    public static String average(String to, String from, double share) {
        return "" + AVERAGE + to + NEXT + from + NEXT + share + END;
    }

    static Reading read(String written, Lexicon lexicon) {
        Cursor cursor = new Cursor(written, lexicon);
        Reading reading = cursor.reading();
        if (cursor.at < written.length()) {
            throw new IllegalArgumentException("the prompt has control characters that mean nothing");
        }
        return reading;
    }

    /** Reads from left to right. Confined to one call. */
    private static final class Cursor {

        private final String written;
        private final Lexicon lexicon;
        private int at;

        Cursor(String written, Lexicon lexicon) {
            this.written = written;
            this.lexicon = lexicon;
        }

        Reading reading() {
            if (takes(SEQUENCE)) {
                List<Reading> parts = new ArrayList<>(List.of(reading()));
                while (takes(NEXT)) {
                    parts.add(reading());
                }
                require(END);
                return new SequenceReading(parts);
            }
            if (takes(AVERAGE)) {
                Reading to = reading();
                require(NEXT);
                Reading from = reading();
                require(NEXT);
                double share = Double.parseDouble(plain());
                require(END);
                return new AverageReading(to, from, share);
            }
            return lexicon.isOneRow()
                    ? WeightedRow.of(plain(), lexicon.tokenizer())
                    : ChunkedReading.ofComfy(plain(), lexicon);
        }

        private boolean takes(char mark) {
            boolean isHere = at < written.length() && written.charAt(at) == mark;
            at += isHere ? 1 : 0;
            return isHere;
        }

        private void require(char mark) {
            if (!takes(mark)) {
                throw new IllegalArgumentException("the prompt has control characters that mean nothing");
            }
        }

        private String plain() {
            int from = at;
            while (at < written.length() && written.charAt(at) != NEXT && written.charAt(at) != END) {
                at++;
            }
            return written.substring(from, at);
        }
    }
}
