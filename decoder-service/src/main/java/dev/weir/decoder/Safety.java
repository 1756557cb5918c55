package dev.weir.decoder;

import java.util.Locale;

/** What happens to pictures that the safety checker of their model flags. */
public enum Safety {
    /** No checker runs. */
    OFF,
    /** The picture is given, and marked in answers and events. */
    FLAG,
    /** It becomes black, in its size, and is marked. */
    BLANK;

    /** Of {@code off}, {@code flag} or {@code blank}. */
    public static Safety named(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT));
    }
}
