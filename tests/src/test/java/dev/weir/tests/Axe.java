package dev.weir.tests;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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

    /** The same on a desktop and on a phone, light and dark. */
    static List<String> violationsInEveryLook(Page page) {
        List<String> all = new ArrayList<>();
        for (int[] size : new int[][] {{1280, 800}, {390, 844}}) {
            page.setViewportSize(size[0], size[1]);
            for (ColorScheme colours : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
                page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(colours));
                violations(page).forEach(problem -> all.add(size[0] + " " + colours + " " + problem));
            }
        }
        return all;
    }

    private static String script() {
        try (InputStream in = Axe.class.getResourceAsStream(SCRIPT)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
