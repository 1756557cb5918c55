package dev.weir.tests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType.LaunchOptions;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.LocatorAssertions.HasAttributeOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The page at {@code /}, in a browser. Skipped, with a word, where there is no Chromium. */
final class BrowserTest {

    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final double PICTURE_TIMEOUT_MS = 60_000;

    /** Previews pass faster than a test can look: the page itself writes down what its picture showed. */
    private static final String RECORD_PICTURES =
            """
            window.shown = [];
            new MutationObserver(changes => changes
                .filter(change => change.target.dataset.testid === 'picture')
                .forEach(change => window.shown.push(change.target.dataset.kind)))
              .observe(document, {subtree: true, attributes: true, attributeFilter: ['data-kind', 'src']});
            """;

    /** So that a test can break what the page has open. */
    private static final String KEEP_SOCKETS =
            """
            window.sockets = [];
            window.WebSocket = class extends WebSocket {
              constructor(url) {
                super(url);
                window.sockets.push(this);
              }
            };
            """;

    @RegisterExtension
    static final UpServer UP = new UpServer();

    private static final HasAttributeOptions PATIENT = new HasAttributeOptions().setTimeout(PICTURE_TIMEOUT_MS);

    private interface Visit {
        void at(Page page);
    }

    private static void visit(Visit visit) {
        assumeTrue(Files.isExecutable(CHROMIUM), "the page is not tested: there is no " + CHROMIUM);
        var environment = Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
        var launch = new LaunchOptions().setExecutablePath(CHROMIUM).setArgs(List.of("--no-sandbox", "--disable-gpu"));
        try (Playwright playwright = Playwright.create(new Playwright.CreateOptions().setEnv(environment));
                Browser browser = playwright.chromium().launch(launch);
                Page page = browser.newPage()) {
            List<String> complaints = new ArrayList<>();
            page.onConsoleMessage(message -> {
                if (message.type().equals("error")) {
                    complaints.add(message.text());
                }
            });
            page.onPageError(complaints::add);
            page.addInitScript(RECORD_PICTURES);
            page.addInitScript(KEEP_SOCKETS);
            page.navigate(UP.server().url().toString());

            page.getByTestId("prompt").fill("a red apple");
            page.getByTestId("seed").fill("7");
            visit.at(page);
            assertThat(complaints).isEmpty();
        }
    }

    @Test
    void onePromptTypedOnePictureWatched() {
        visit(page -> {
            page.getByTestId("generate").click();

            Locator card = page.getByTestId("card").first();
            Locator picture = card.getByTestId("picture");
            assertThat(picture).hasAttribute("data-kind", "final", PATIENT);
            assertThat(shown(page)).startsWith("preview").endsWith("final");
            assertThat(card).hasAttribute("data-state", "completed", PATIENT);
            assertThat(card.getByTestId("download")).isVisible();
            assertThat((Integer) picture.evaluate("image => image.naturalWidth"))
                    .isEqualTo(128);

            Path screenshot = Repository.TARGET.resolve("page.png");
            page.screenshot(new Page.ScreenshotOptions().setPath(screenshot));
            assertThat(screenshot).isNotEmptyFile();
        });
    }

    @Test
    void aPictureWhoseSocketBreaksIsWatchedToItsEndOnAnother() {
        visit(page -> {
            page.getByTestId("n").fill("2");
            page.evaluate("document.getElementById('steps').value = document.getElementById('steps').max");
            page.getByTestId("generate").click();
            assertThat(page.getByTestId("picture").first()).hasAttribute("data-kind", "preview", PATIENT);

            page.evaluate("window.sockets[0].close()");

            Locator cards = page.getByTestId("card");
            assertThat(cards.nth(0)).hasAttribute("data-state", "completed", PATIENT);
            assertThat(cards.nth(1)).hasAttribute("data-state", "completed", PATIENT);
            assertThat(cards).hasCount(2);
            assertThat((Integer) page.evaluate("window.sockets.length")).isEqualTo(2);
            assertThat((Integer) page.evaluate("new Set([...document.querySelectorAll('[data-testid=card]')]"
                            + ".map(card => card.dataset.job)).size"))
                    .as("jobs")
                    .isEqualTo(1);
        });
    }

    /** What the picture showed, in order. */
    private static List<String> shown(Page page) {
        return ((List<?>) page.evaluate("window.shown"))
                .stream().map(String.class::cast).toList();
    }
}
