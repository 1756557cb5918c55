package dev.weir.tests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.weir.tests.PageVisit.PATIENT;
import static dev.weir.tests.PageVisit.cards;
import static dev.weir.tests.PageVisit.ofCards;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Dialog;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route.FulfillOptions;
import com.microsoft.playwright.options.ColorScheme;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The pictures that the browser keeps: found, viewed, compared, used again, varied, saved and deleted. */
final class PageHistoryTest {

    @RegisterExtension
    static final UpServer UP = new UpServer();

    /** @param visit begins in the history, with a blue car before a red apple, both of seed 7 */
    private static void visit(int width, int height, Consumer<Page> visit) {
        visit(PageVisit.to(UP.server().url()).withWindow(width, height), visit);
    }

    private static void visit(PageVisit to, Consumer<Page> visit) {
        to.doing(page -> {
            assertThat(page.getByTestId("generate")).isEnabled();
            page.locator("#settings").evaluate("part => { part.open = true; }");
            page.getByTestId("seed").fill("7");
            page.getByTestId("steps").fill("2");
            for (String prompt : new String[] {"a red apple", "a blue car"}) {
                page.getByTestId("prompt").fill(prompt);
                page.getByTestId("prompt").press("Enter");
                assertThat(cards(page).first().getByTestId("caption")).hasText(prompt);
                assertThat(cards(page).first()).hasAttribute("data-state", "completed", PATIENT);
            }
            page.getByTestId("toHistory").click();
            assertThat(tiles(page)).hasCount(2);
            visit.accept(page);
        });
    }

    private static Locator tiles(Page page) {
        return page.getByTestId("tile");
    }

    @Test
    void aPictureIsFoundWithAllItsSettingsAfterTheServerHasForgottenIt() {
        visit(1280, 800, page -> {
            page.route("**/v1/jobs/**", route -> route.fulfill(new FulfillOptions().setStatus(410)));
            page.reload();
            assertThat(tiles(page)).hasCount(2);
            page.getByTestId("search").fill("APPLE 7");
            assertThat(tiles(page)).hasCount(1);
            assertThat(page.getByTestId("found")).hasText("1 of 2 images");
            tiles(page).first().getByTestId("enlarge").click();

            assertThat(page.getByTestId("viewed")).hasJSProperty("naturalWidth", 128);
            assertThat(page.getByTestId("viewedSettings")).containsText("a red apple");
            assertThat(page.getByTestId("viewedSettings")).containsText("Steps2");
            assertThat(saved(page, "save")).containsKey("parameters");
            assertThat(saved(page, "saveBare")).isEmpty();

            page.getByTestId("useAgain").click();
            assertThat(page.getByTestId("prompt")).hasValue("a red apple");
            assertThat(page.getByTestId("prompt")).isFocused();
            assertThat(page.getByTestId("seed")).hasValue("7");
            assertThat(page.getByTestId("steps")).hasValue("2");
        });
    }

    private static Map<String, String> saved(Page page, String button) {
        var download = page.waitForDownload(() -> page.getByTestId(button).click());
        assertThat(download.suggestedFilename()).isEqualTo("weir-7.png");
        try {
            return PngText.of(Files.readAllBytes(download.path()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void twoPicturesAreComparedAndOneIsDeletedForGood() {
        visit(390, 667, page -> {
            page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.DARK));
            assertThat(Axe.violations(page)).isEmpty();
            tiles(page).nth(0).getByTestId("compare").click();
            tiles(page).nth(1).getByTestId("compare").click();
            assertThat(page.getByTestId("differences").locator("tr")).hasCount(1);
            assertThat(page.getByTestId("differences")).containsText("a blue car");
            assertThat(Axe.violations(page)).isEmpty();
            page.keyboard().press("Escape");

            tiles(page).nth(0).getByTestId("enlarge").click();
            page.keyboard().press("ArrowRight");
            assertThat(page.getByTestId("viewed")).hasAttribute("alt", "a red apple");
            assertThat(page.getByTestId("viewed").boundingBox().y).isNotNegative();
            assertThat(page.getByTestId("close")).isInViewport();
            assertThat(Axe.violations(page)).isEmpty();
            assertThat((Integer) page.evaluate("document.documentElement.scrollWidth"))
                    .isLessThanOrEqualTo(390);
            page.onDialog(Dialog::accept);
            page.getByTestId("deleteImage").click();

            assertThat(tiles(page)).hasCount(1);
            page.reload();
            assertThat(tiles(page)).hasCount(1);
            assertThat(tiles(page).getByTestId("caption")).hasText("a blue car");
            page.goBack();
            assertThat(cards(page)).hasCount(1);
        });
    }

    @ParameterizedTest
    @CsvSource({"1280,800", "390,844"})
    void oneImageOfAJobIsDeletedAtTheServerToo(int width, int height) {
        PageVisit.to(UP.server().url()).withWindow(width, height).doing(page -> {
            page.getByTestId("prompt").fill("two green trees");
            page.locator("#settings").evaluate("settings => settings.open = true");
            page.getByTestId("n").fill("2");
            page.getByTestId("generate").click();
            assertThat(cards(page).nth(0)).hasAttribute("data-state", "completed", PATIENT);
            assertThat(cards(page).nth(1)).hasAttribute("data-state", "completed", PATIENT);
            String job = "/v1/jobs/" + ofCards(page, "data-job").get(0);
            page.getByTestId("toHistory").click();
            assertThat(tiles(page)).hasCount(2);
            tiles(page).nth(0).getByTestId("enlarge").click();
            page.onDialog(Dialog::accept);
            page.waitForResponse(
                    response -> response.url().endsWith("?forget=true"),
                    () -> page.getByTestId("deleteImage").click());

            assertThat(tiles(page)).hasCount(1);
            List<String> states = new ArrayList<>();
            UP.server()
                    .get(job)
                    .path("images")
                    .forEach(image -> states.add(image.path("state").asText()));
            assertThat(states).containsExactlyInAnyOrder("deleted", "completed");
        });
    }

    @Test
    void anImageThatNobodyKeepsAnyMoreCanBeUsedAgainAndDeleted() {
        visit(PageVisit.to(UP.server().url()).whoseServerMayBeGone(), page -> {
            page.evaluate(PageVisit.FORGET_PICTURES);
            page.route("**/v1/jobs/**", route -> route.fulfill(new FulfillOptions().setStatus(410)));
            page.reload();
            assertThat(tiles(page).nth(1).getByTestId("gone")).isVisible();

            tiles(page).nth(1).getByTestId("enlarge").click();
            assertThat(page.getByTestId("viewedSettings")).containsText("a red apple");
            page.getByTestId("save").click();
            assertThat(page.getByTestId("viewedProblem")).containsText("Neither this browser nor the server");
            assertThat(Axe.violations(page)).isEmpty();
            page.onDialog(Dialog::accept);
            page.getByTestId("deleteImage").click();

            assertThat(tiles(page)).hasCount(1);
            assertThat(tiles(page).getByTestId("caption")).hasText("a blue car");
        });
    }

    @Test
    void aSearchShowsTheSameTilesAgainAndForgetsMarksThatItHides() {
        visit(1280, 800, page -> {
            List<?> before = sources(page);
            tiles(page).nth(0).getByTestId("compare").click();
            page.getByTestId("search").fill("apple");
            assertThat(tiles(page)).hasCount(1);
            page.getByTestId("search").fill("");
            assertThat(tiles(page)).hasCount(2);

            assertThat(sources(page)).isEqualTo(before);
            assertThat(tiles(page).nth(0).getByTestId("compare")).hasAttribute("aria-pressed", "false");
        });
    }

    private static List<?> sources(Page page) {
        return (List<?>) page.locator("[data-testid=tile] img").evaluateAll("images => images.map(image => image.src)");
    }

    @Test
    void aPictureIsUpscaledWhereItsModelCan() {
        visit(1280, 800, page -> {
            assertThat(Axe.violationsInEveryLook(page)).isEmpty();
            tiles(page).nth(1).getByTestId("enlarge").click();
            page.getByTestId("enlargeImage").click();
            assertThat(cards(page).first()).hasAttribute("data-state", "completed", PATIENT);
            assertThat(cards(page).first().getByTestId("status")).hasText("256 × 256");
            assertThat(cards(page).first().getByTestId("details")).containsText("seed 7");
            cards(page).first().getByTestId("enlarge").click();
            assertThat(page.getByTestId("useAgain")).isVisible();
            assertThat(page.getByTestId("enlargeImage")).isHidden();
            page.keyboard().press("Escape");
        });
    }

    @Test
    void variationsAreMadeFromThePictureAndClearingTheListKeepsTheHistory() {
        visit(1280, 800, page -> {
            tiles(page).nth(1).getByTestId("enlarge").click();
            page.getByTestId("vary").click();
            assertThat(cards(page)).hasCount(6);
            for (int card = 0; card < 4; card++) {
                assertThat(cards(page).nth(card)).hasAttribute("data-state", "completed", PATIENT);
            }
            var job = UP.server().get("/v1/jobs/" + ofCards(page, "data-job").get(0));
            assertThat(job.path("workflow").asText()).isEqualTo("image_to_image");
            assertThat(job.path("strength").asDouble()).isEqualTo(0.6);

            page.onDialog(Dialog::accept);
            page.getByTestId("clear").click();
            assertThat(cards(page)).hasCount(0);
            page.getByTestId("toHistory").click();
            assertThat(tiles(page)).hasCount(6);
        });
    }
}
