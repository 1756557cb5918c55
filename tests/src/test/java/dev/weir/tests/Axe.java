package dev.weir.tests;

import com.microsoft.playwright.Page;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What axe-core finds wrong for people with assistive technology. */
final class Axe {

    private static final String SCRIPT = "/META-INF/resources/webjars/axe-core/4.6.3/axe.min.js";

    private Axe() {}

    /** One line for each rule and part of the page as it is now. */
    static List<String> violations(Page page) {
        page.evaluate(script());
        return ((List<?>) page.evaluate("async () => (await axe.run()).violations.flatMap(rule => rule.nodes"
                        + ".map(node => `${rule.id}: ${node.html} ${node.failureSummary}`))"))
                .stream().map(String.class::cast).toList();
    }

    private static String script() {
        try (InputStream in = Axe.class.getResourceAsStream(SCRIPT)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
