package dev.weir.gateway.replicate;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The header {@code Prefer} of a prediction.
 *
 * @param waitSeconds how long the answer may wait for the end; 0: not at all
 * @param async whether the client said that it does not wait
 */
record Prefer(int waitSeconds, boolean async) {

    private static final int MOST_SECONDS = 60;
    private static final Pattern WAIT =
            Pattern.compile("(?:^|[,;])\\s*wait\\s*(?:=\\s*\"?(\\d{1,9})\"?)?\\s*(?=$|[,;])", Pattern.CASE_INSENSITIVE);
    private static final Pattern ASYNC =
            Pattern.compile("(?:^|[,;])\\s*respond-async\\s*(?=$|[,;])", Pattern.CASE_INSENSITIVE);

    /** @param header null: none. What it does not know has no effect, as RFC 7240 says. */
    static Prefer of(String header) {
        if (header == null) {
            return new Prefer(0, false);
        }
        Matcher wait = WAIT.matcher(header);
        boolean async = ASYNC.matcher(header).find();
        if (!wait.find()) {
            return new Prefer(0, async);
        }
        int seconds = wait.group(1) == null ? MOST_SECONDS : Integer.parseInt(wait.group(1));
        return new Prefer(Math.min(seconds, MOST_SECONDS), async);
    }
}
