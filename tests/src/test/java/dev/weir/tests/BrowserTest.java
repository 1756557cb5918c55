package dev.weir.tests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.weir.tests.PageVisit.PATIENT;
import static dev.weir.tests.PageVisit.cards;
import static dev.weir.tests.PageVisit.generateSlowly;
import static dev.weir.tests.PageVisit.ofCards;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.assertions.LocatorAssertions.IsVisibleOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The page at {@code /} in a browser, with a running server. */
final class BrowserTest {

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

    private static void visit(Consumer<Page> visit) {
        PageVisit.to(UP.server().url())
                .preparedBy(page -> {
                    page.addInitScript(RECORD_PICTURES);
                    page.addInitScript(KEEP_SOCKETS);
                })
                .doing(page -> {
                    page.getByTestId("prompt").fill("a red apple");
                    page.getByTestId("seed").fill("7");
                    visit.accept(page);
                });
    }

    @Test
    void onePromptTypedOnePictureWatched() {
        visit(page -> {
            page.getByTestId("generate").click();

            Locator card = cards(page).first();
            Locator picture = card.getByTestId("picture");
            assertThat(picture).hasAttribute("data-kind", "final", PATIENT);
            assertThat(shown(page)).startsWith("preview").endsWith("final");
            assertThat(card).hasAttribute("data-state", "completed", PATIENT);
            assertThat(card.getByTestId("download")).isVisible();
            assertThat(naturalWidth(picture)).isEqualTo(128);

            Path screenshot = Repository.TARGET.resolve("page.png");
            page.screenshot(new Page.ScreenshotOptions().setPath(screenshot));
            assertThat(screenshot).isNotEmptyFile();
        });
    }

    @Test
    void aPictureWhoseSocketBreaksIsWatchedToItsEndOnAnother() {
        visit(page -> {
            generateSlowly(page, 2);
            PageVisit.awaitPreview(page);

            page.evaluate("window.sockets[0].close()");

            assertThat(cards(page).nth(0)).hasAttribute("data-state", "completed", PATIENT);
            assertThat(cards(page).nth(1)).hasAttribute("data-state", "completed", PATIENT);
            assertThat(cards(page)).hasCount(2);
            assertThat((Integer) page.evaluate("window.sockets.length")).isEqualTo(2);
            assertThat(Set.copyOf(ofCards(page, "data-job"))).as("jobs").hasSize(1);
        });
    }

    @Test
    void thePicturesOfAJobStandInTheirOrderAndTheNewestJobStandsFirst() {
        visit(page -> {
            page.getByTestId("n").fill("4");
            page.getByTestId("generate").click();
            assertThat(cards(page).nth(3)).hasAttribute("data-state", "completed", PATIENT);
            page.getByTestId("n").fill("2");
            page.getByTestId("generate").click();
            assertThat(cards(page)).hasCount(6);

            assertThat(ofCards(page, "data-sample")).containsExactly("0", "1", "0", "1", "2", "3");
        });
    }

    @Test
    void cancelOnOneOfFourCardsCancelsThatPictureOnly() {
        visit(page -> {
            generateSlowly(page, 4);
            PageVisit.awaitPreview(page);

            cards(page).nth(1).getByTestId("cancel").press("Enter");

            assertThat(cards(page).nth(1)).hasAttribute("data-state", "cancelled", PATIENT);
            assertThat(cards(page).nth(1).getByTestId("retry")).isFocused();
            for (int other : new int[] {0, 2, 3}) {
                assertThat(cards(page).nth(other)).hasAttribute("data-state", "completed", PATIENT);
            }
        });
    }

    @Test
    void aCancelledPictureIsMadeAfterAllInItsPlaceWithItsSeed() {
        visit(page -> {
            generateSlowly(page, 2);
            cards(page).nth(1).getByTestId("cancel").click();
            assertThat(cards(page).nth(1)).hasAttribute("data-state", "cancelled", PATIENT);

            cards(page).nth(1).getByTestId("retry").click();

            assertThat(cards(page).nth(1)).hasAttribute("data-state", "completed", PATIENT);
            assertThat(cards(page)).hasCount(2);
            assertThat(cards(page).nth(1).getByTestId("caption")).hasText("a red apple");
            assertThat(cards(page).nth(1).getByTestId("details")).containsText("seed 8");
        });
    }

    @Test
    void aReloadKeepsPromptSettingsAndThePicturesInTheMaking() {
        visit(page -> {
            generateSlowly(page, 2);
            PageVisit.awaitPreview(page);
            String steps = page.getByTestId("steps").inputValue();
            List<String> jobs = ofCards(page, "data-job");

            page.reload();

            assertThat(page.getByTestId("prompt")).hasValue("a red apple");
            assertThat(page.getByTestId("seed")).hasValue("7");
            assertThat(page.getByTestId("n")).hasValue("2");
            assertThat(page.getByTestId("steps")).hasValue(steps);
            assertThat(cards(page)).hasCount(2);
            assertThat(cards(page).nth(0)).hasAttribute("data-state", "completed", PATIENT);
            assertThat(cards(page).nth(1)).hasAttribute("data-state", "completed", PATIENT);
            assertThat(ofCards(page, "data-job")).isEqualTo(jobs);
            assertThat(ofCards(page, "data-sample")).containsExactly("0", "1");
        });
    }

    @Test
    void finishedPicturesAreShownAgainFromTheBrowserOrElseFromTheServer() {
        visit(page -> {
            page.getByTestId("generate").click();
            Locator picture = cards(page).first().getByTestId("picture");
            assertThat(cards(page).first()).hasAttribute("data-state", "completed", PATIENT);

            page.reload();
            assertThat(picture).hasAttribute("data-kind", "final");
            assertThat(picture).hasAttribute("src", Pattern.compile("^blob:.*"));
            assertThat(naturalWidth(picture)).isEqualTo(128);

            page.evaluate(PageVisit.FORGET_PICTURES);
            page.reload();
            assertThat(picture).hasAttribute("src", Pattern.compile(".*/v1/jobs/[^/]+/images/0$"));
            assertThat(naturalWidth(picture)).isEqualTo(128);
            assertThat(cards(page).first()).hasAttribute("data-state", "completed");
        });
    }

    @Test
    void whatIsRemovedStaysAwayAfterAReload() {
        visit(page -> {
            page.getByTestId("n").fill("2");
            page.getByTestId("generate").click();
            assertThat(cards(page).nth(0)).hasAttribute("data-state", "completed", PATIENT);
            assertThat(cards(page).nth(1)).hasAttribute("data-state", "completed", PATIENT);

            cards(page).nth(0).getByTestId("remove").click();
            page.reload();

            assertThat(cards(page)).hasCount(1);
            assertThat(ofCards(page, "data-sample")).containsExactly("1");
        });
    }

    @Test
    void theEnterThatEndsACompositionDoesNotSubmit() {
        visit(page -> {
            page.getByTestId("prompt")
                    .evaluate(
                            "field => { for (const kind of [{isComposing: true}, {keyCode: 229}])"
                                    + " field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, ...kind})); }");
            page.getByTestId("prompt").press("Shift+Enter");
            assertThat(cards(page)).hasCount(0);

            page.getByTestId("prompt").press("Enter");

            assertThat(cards(page)).hasCount(1);
            assertThat(cards(page).first()).hasAttribute("data-state", "completed", PATIENT);
        });
    }

    @Test
    void aPromptThatIsCutIsNotedOnItsCard() {
        visit(page -> {
            page.getByTestId("prompt").fill("apple ".repeat(600));
            page.getByTestId("generate").click();

            Locator warning = cards(page).first().getByTestId("warning");
            assertThat(warning).isVisible(new IsVisibleOptions().setTimeout(60_000));
            assertThat(warning).containsText("prompt");
            page.reload();
            assertThat(warning).containsText("prompt");
        });
    }

    @Test
    void whatIsWrongIsSaidAndItsFieldHasTheFocus() {
        visit(page -> {
            page.getByTestId("seed").fill("9".repeat(30));
            page.getByTestId("generate").click();

            assertThat(page.getByTestId("error")).containsText("Seed must be from -1 to");
            assertThat(page.getByTestId("seed")).isFocused();
            assertThat(page.getByTestId("seed")).hasAttribute("aria-invalid", "true");
            assertThat(cards(page)).hasCount(0);
        });
    }

    @Test
    void aPictureIsViewedInLargeAndItsNeighbourByAnArrowKey() {
        visit(page -> {
            page.getByTestId("n").fill("2");
            page.getByTestId("generate").click();
            assertThat(cards(page).nth(0)).hasAttribute("data-state", "completed", PATIENT);
            assertThat(cards(page).nth(1)).hasAttribute("data-state", "completed", PATIENT);

            cards(page).nth(0).getByTestId("enlarge").press("Enter");
            assertThat(page.getByTestId("viewed")).hasAttribute("alt", "a red apple (1 of 2)");
            page.keyboard().press("ArrowRight");
            assertThat(page.getByTestId("viewed")).hasAttribute("alt", "a red apple (2 of 2)");
            page.keyboard().press("Escape");

            assertThat(page.getByTestId("viewer")).isHidden();
            assertThat(cards(page).nth(0).getByTestId("enlarge")).isFocused();
        });
    }

    private static int naturalWidth(Locator picture) {
        return (Integer) picture.evaluate("async image => { await image.decode(); return image.naturalWidth; }");
    }

    /** What the picture showed, in order. */
    private static List<String> shown(Page page) {
        return ((List<?>) page.evaluate("window.shown"))
                .stream().map(String.class::cast).toList();
    }
}
