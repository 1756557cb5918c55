package dev.weir.cli;

import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.util.Map;

/**
 * Refuses arguments and variables that the JVM could not decode, because it puts replacement characters in their place. The launcher
 * starts the JVM in a UTF-8 locale where the system has one, so that this concerns invalid UTF-8, and systems without.
 */
final class TextEncoding {

    /** The JVM decodes each byte that it cannot decode as this. */
    private static final char REPLACEMENT = '\uFFFD';

    private TextEncoding() {}

    /** Throws {@link CliException} that names the argument or the variable. */
    static void refuseUndecoded(String[] args, Map<String, String> environment) {
        for (int i = 0; i < args.length; i++) {
            if (args[i].indexOf(REPLACEMENT) >= 0) {
                throw undecoded("argument " + (i + 1));
            }
        }
        environment.forEach((name, value) -> {
            if (name.startsWith("WEIR_") && value.indexOf(REPLACEMENT) >= 0) {
                throw undecoded(name);
            }
        });
    }

    private static CliException undecoded(String what) {
        Charset locale = locale();
        String why = locale.equals(StandardCharsets.UTF_8)
                ? " is not valid UTF-8"
                : " has letters that the locale's character set %s does not have: set LC_ALL to a UTF-8 locale, such as C.UTF-8"
                        .formatted(locale);
        return new CliException(CliException.USAGE, what + why);
    }

    /** What the JVM decodes arguments and file names with. */
    private static Charset locale() {
        try {
            return Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
        } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
            return Charset.defaultCharset();
        }
    }
}
