package dev.weir.cli;

import java.util.Locale;

/** Formats large numbers for people. */
final class Quantity {

    private static final String[] COUNTS = {"", " K", " M", " G"};
    private static final String[] BYTES = {" B", " KB", " MB", " GB"};

    private Quantity() {}

    /** {@code 11.5 M} */
    static String count(long number) {
        return scaled(number, COUNTS);
    }

    /** {@code 22.9 MB}, in powers of 1000. */
    static String bytes(long number) {
        return scaled(number, BYTES);
    }

    /** {@code 1 job}, {@code 8 jobs}. */
    static String of(long number, String noun) {
        return number + " " + noun + (number == 1 ? "" : "s");
    }

    private static String scaled(long number, String[] units) {
        double value = number;
        int unit = 0;
        while (value >= 1000 && unit < units.length - 1) {
            value /= 1000;
            unit++;
        }
        return unit == 0 ? number + units[0] : String.format(Locale.ROOT, "%.1f%s", value, units[unit]);
    }
}
