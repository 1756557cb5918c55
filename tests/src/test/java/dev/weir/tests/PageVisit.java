package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType.LaunchOptions;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.PlaywrightException;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.Route.FulfillOptions;
import com.microsoft.playwright.assertions.LocatorAssertions.HasAttributeOptions;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** A visit to the page of a gateway in Chromium. Skips the test, with the reason, where there is no Chromium. */
final class PageVisit {

    /** For what takes as long as a picture does. */
    static final HasAttributeOptions PATIENT = new HasAttributeOptions().setTimeout(60_000);

    /** For what a page does by itself, on a busy machine. */
    private static final int PATIENCE_MS = 30_000;

    /** As many as the page offers, so that there is time to do something. */
    static final int SLOW_STEPS = 100;

    /** So that the server is asked for its pictures. */
    static final String FORGET_PICTURES =
            """
            () => new Promise((done, failed) => {
              const opening = indexedDB.open('weir / pictures');
              opening.onsuccess = () => {
                const clearing = opening.result.transaction('pictures', 'readwrite');
                clearing.objectStore('pictures').clear();
                clearing.oncomplete = () => { opening.result.close(); done(); };
              };
              opening.onerror = failed;
            })
            """;

    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");

    private final URI url;
    private Browser.NewPageOptions window = new Browser.NewPageOptions();
    private Consumer<Page> preparation = page -> {};
    private boolean serverMayBeGone;
    private String prompt = "";
    private boolean ended;

    private PageVisit(URI url) {
        this.url = url;
    }

    static PageVisit to(URI url) {
        return new PageVisit(url);
    }

    PageVisit withWindow(int width, int height) {
        window = window.setViewportSize(width, height);
        return this;
    }

    /** @param step done before the page is loaded */
    PageVisit preparedBy(Consumer<Page> step) {
        preparation = step;
        return this;
    }

    /** Requests that fail are no fault of the page. */
    PageVisit whoseServerMayBeGone() {
        serverMayBeGone = true;
        return this;
    }

    /**
     * Tests share a server. Without this the page does not hear of the jobs of other visits. With it, it hears only of those with
     * this prompt, since other tests may delete the images of theirs while it shows them.
     */
    PageVisit seeingJobsOf(String jobsPrompt) {
        prompt = jobsPrompt;
        return this;
    }

    /** Loads the page, does something there, and fails where the page wrote an error to the console. */
    void doing(Consumer<Page> visit) {
        assumeTrue(Files.isExecutable(CHROMIUM), "the page is not tested: there is no " + CHROMIUM);
        try (Page page = Chromium.BROWSER.newPage(window)) {
            List<String> complaints = new ArrayList<>();
            page.onConsoleMessage(message -> {
                if (message.type().equals("error") && !(serverMayBeGone && isOfTheNetwork(message.text()))) {
                    complaints.add(message.text() + " at " + message.location());
                }
            });
            page.onPageError(complaints::add);
            page.route("**/v1/jobs?*", this::answer);
            ended = false;
            try {
                preparation.accept(page);
                page.navigate(url.toString());
                visit.accept(page);
            } finally {
                ended = true;
            }
            assertThat(complaints).isEmpty();
        }
    }

    /** What a page asks when it is closed may be heard in the next visit, which it must not end. */
    private void answer(Route list) {
        try {
            list.fulfill(new FulfillOptions().setBody(jobs(list)));
        } catch (PlaywrightException e) {
            if (!ended) {
                throw e;
            }
        }
    }

    private String jobs(Route list) {
        JsonArray seen = new JsonArray();
        if (!prompt.isEmpty()) {
            new JsonObject(list.fetch().text())
                    .getJsonArray("data").stream()
                            .map(JsonObject.class::cast)
                            .filter(job ->
                                    prompt.equals(job.getJsonObject("request").getString("prompt")))
                            .forEach(seen::add);
        }
        return new JsonObject().put("data", seen).encode();
    }

    /** One browser for all visits of this JVM, each with a context of its own. */
    private static final class Chromium {

        static final Browser BROWSER = launch();

        private static Browser launch() {
            var environment = Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
            var playwright = Playwright.create(new Playwright.CreateOptions().setEnv(environment));
            Runtime.getRuntime().addShutdownHook(new Thread(playwright::close));
            PlaywrightAssertions.setDefaultAssertionTimeout(PATIENCE_MS);
            return playwright
                    .chromium()
                    .launch(new LaunchOptions()
                            .setExecutablePath(CHROMIUM)
                            .setArgs(List.of("--no-sandbox", "--disable-gpu")));
        }
    }

    private static boolean isOfTheNetwork(String message) {
        return message.startsWith("Failed to load resource") || message.startsWith("WebSocket connection to");
    }

    /** Asks for pictures of a red apple that take some seconds. */
    static void generateSlowly(Page page, int pictures) {
        page.getByTestId("prompt").fill("a red apple");
        page.getByTestId("seed").fill("7");
        page.getByTestId("n").fill(String.valueOf(pictures));
        // The page knows how many steps there may be when it has the models.
        PlaywrightAssertions.assertThat(page.getByTestId("generate")).isEnabled();
        page.getByTestId("steps").fill(String.valueOf(SLOW_STEPS));
        page.getByTestId("generate").click();
    }

    /** Looks at each frame that the page draws: an assertion looks once a second, and a fast machine needs no longer for a picture. */
    static void awaitPreview(Page page) {
        page.waitForFunction(
                "() => document.querySelector('[data-testid=picture]')?.dataset.kind === 'preview'",
                null,
                new Page.WaitForFunctionOptions().setTimeout(PATIENT.timeout));
    }

    static Locator cards(Page page) {
        return page.getByTestId("card");
    }

    /** An attribute of each card, in the order of the page. */
    static List<String> ofCards(Page page, String attribute) {
        return ((List<?>) page.locator("[data-testid=card]")
                        .evaluateAll("(cards, name) => cards.map(card => card.getAttribute(name))", attribute))
                .stream().map(String.class::cast).toList();
    }
}
