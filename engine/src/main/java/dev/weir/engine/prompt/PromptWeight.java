package dev.weir.engine.prompt;

import java.math.BigDecimal;
import java.math.MathContext;

/**
 * The bounds of weights in prompts. Tools take any number, and beyond these a network's output is not finite or has nothing to do with
 * the prompt. Stateless.
 */
final class PromptWeight {

    private static final double MOST = 1000;
    /** Of weights that are multiplied: each pair of 200 brackets may count. */
    private static final double MOST_IN_ALL = 1e9;

    private static final int SHOWN = 40;

    private PromptWeight() {}

    /** Throws an IllegalArgumentException that names the weight if it is out of bounds. */
    static double parse(String number) {
        double weight = Double.parseDouble(number);
        if (Math.abs(weight) > MOST) {
            throw refused("the weight " + shortened(number.strip()), MOST);
        }
        return weight;
    }

    /** The same for a weight that others were multiplied to. */
    static void require(double weight, String text) {
        if (!(Math.abs(weight) <= MOST_IN_ALL)) {
            String number = Double.isFinite(weight)
                    ? new BigDecimal(weight).round(new MathContext(4)).toString()
                    : String.valueOf(weight);
            throw refused("the weight of \"%s\", %s in all,".formatted(shortened(text.strip()), number), MOST_IN_ALL);
        }
    }

    private static IllegalArgumentException refused(String weight, double most) {
        return new IllegalArgumentException("%s must be from -%.0f to %.0f".formatted(weight, most, most));
    }

    private static String shortened(String text) {
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…";
    }
}
