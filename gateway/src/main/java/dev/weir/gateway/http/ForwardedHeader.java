package dev.weir.gateway.http;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The {@code Forwarded} header (RFC 7239): one map of parameters for each proxy, the nearest one last. Stateless. */
final class ForwardedHeader {

    private static final Pattern PART = Pattern.compile(
            "\\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:\"((?:[^\"\\\\]|\\\\.)*+)\"|([^\",;\\s]*))\\s*([,;]|$)");

    private ForwardedHeader() {}

    /** Empty where the header is malformed. Names of parameters are in lower case. */
    static List<Map<String, String>> parse(String header) {
        List<Map<String, String>> elements = new ArrayList<>();
        Map<String, String> element = new HashMap<>();
        Matcher part = PART.matcher(header);
        int at = 0;
        while (at < header.length()) {
            if (!part.find(at) || part.start() != at) {
                return List.of();
            }
            String quoted = part.group(2);
            element.put(
                    part.group(1).toLowerCase(Locale.ROOT),
                    quoted == null ? part.group(3) : quoted.replaceAll("\\\\(.)", "$1"));
            if (!part.group(4).equals(";")) {
                elements.add(element);
                element = new HashMap<>();
            }
            at = part.end();
        }
        return elements;
    }
}
