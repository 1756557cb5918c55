package dev.weir.tests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.weir.tests.PageVisit.PATIENT;
import static dev.weir.tests.PageVisit.ofCards;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Dialog;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route.FulfillOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A user who leaves one browser and comes back with another. */
final class PageElsewhereTest {

    @RegisterExtension
    static final UpServer UP = new UpServer();

    private static final String PROMPT = "a green house elsewhere";

    @Test
    void whatWasBegunInOneBrowserGoesOnInAnotherAndIsDeletedForAll() {
        AtomicReference<String> job = new AtomicReference<>();
        visit().doing(page -> {
            page.getByTestId("prompt").fill(PROMPT);
            page.getByTestId("n").fill("2");
            assertThat(page.getByTestId("generate")).isEnabled();
            page.getByTestId("steps").fill(String.valueOf(PageVisit.SLOW_STEPS));
            page.getByTestId("generate").click();
            PageVisit.awaitPreview(page);
            job.set(ofCards(page, "data-job").get(0));
        });
        visit().doing(page -> {
            Locator begun = cardsOf(page, job.get());
            assertThat(begun).hasCount(2);
            assertThat(begun.first().getByTestId("origin")).isVisible();
            begun.nth(1).getByTestId("cancel").click();
            assertThat(begun.nth(1)).hasAttribute("data-state", "cancelled");
            assertThat(begun.nth(0)).hasAttribute("data-state", "completed", PATIENT);
            page.reload();
            assertThat(begun).hasCount(2);
        });
        visit().doing(page -> {
            Locator tile = inHistory(page);
            assertThat(tile).hasCount(1);
            assertThat(cardsOf(page, job.get())).hasCount(0);
            tile.getByTestId("enlarge").click();
            assertThat(page.getByTestId("viewed")).hasJSProperty("naturalWidth", 128);
            assertThat(page.getByTestId("viewedSettings")).containsText("Samplerddim");
            page.onDialog(Dialog::accept);
            page.waitForResponse(
                    response -> response.url().endsWith("?forget=true"),
                    () -> page.getByTestId("deleteImage").click());
            assertThat(tile).hasCount(0);
        });
        assertThat(UP.server().get("/v1/jobs/" + job.get()).at("/error/code").asText())
                .isEqualTo("expired");
        visit().doing(page -> assertThat(inHistory(page)).hasCount(0));
    }

    /** A script may have more images in progress than a socket takes. */
    @Test
    void imagesOfOthersLeaveRoomForThePagesOwnAndAreCancelledOnlyWhereTheUserSaysSo() {
        List<JsonObject> commands = new CopyOnWriteArrayList<>();
        visit().preparedBy(page -> {
                    page.route(
                            "**/v1/jobs?*",
                            route -> route.fulfill(new FulfillOptions()
                                    .setBody(new JsonObject()
                                            .put(
                                                    "data",
                                                    new JsonArray()
                                                            .add(unfinished("c"))
                                                            .add(unfinished("b"))
                                                            .add(unfinished("a")))
                                            .encode())));
                    SpokenStream.answering((socket, command) -> {
                                commands.add(command);
                                if (!command.getString("type").equals("cancel")) {
                                    SpokenStream.accept(socket, command);
                                }
                            })
                            .accept(page);
                })
                .doing(page -> {
                    assertThat(PageVisit.cards(page)).hasCount(16);
                    // The cards are there before the server has heard of them.
                    page.waitForCondition(() -> commands.size() == 2);
                    assertThat(commands)
                            .extracting(command -> command.getString("job"))
                            .containsExactly("a", "b");
                    page.getByTestId("prompt").fill("a red apple");
                    page.getByTestId("prompt").press("Enter");
                    assertThat(cardsOf(page, SpokenStream.JOB)).hasCount(1);
                    commands.clear();

                    page.onceDialog(Dialog::dismiss);
                    page.getByTestId("cancelAll").click();
                    page.waitForCondition(() -> commands.size() == 1);
                    assertThat(commands.get(0).getString("job")).isEqualTo(SpokenStream.JOB);

                    page.onceDialog(Dialog::accept);
                    page.getByTestId("cancelAll").click();
                    page.waitForCondition(() -> commands.size() == 18);
                    assertThat(commands.subList(1, 18))
                            .extracting(command -> command.getString("job"))
                            .contains("a", "b");
                });
    }

    private static JsonObject unfinished(String id) {
        JsonArray images = new JsonArray();
        for (int sample = 0; sample < 8; sample++) {
            images.add(new JsonObject().put("sample", sample).put("state", "queued"));
        }
        return new JsonObject()
                .put("id", id)
                .put("created", 1_700_000_000)
                .put(
                        "request",
                        new JsonObject().put("prompt", "a script's").put("n", 8).put("seed", 1))
                .put("images", images);
    }

    private static PageVisit visit() {
        return PageVisit.to(UP.server().url()).seeingJobsOf(PROMPT);
    }

    private static Locator cardsOf(Page page, String job) {
        return page.locator("[data-testid=card][data-job=\"" + job + "\"]");
    }

    /** The list is complete when the server has answered. */
    private static Locator inHistory(Page page) {
        page.waitForResponse("**/v1/jobs?*", () -> page.getByTestId("toHistory").click());
        page.getByTestId("search").fill(PROMPT);
        assertThat(page.getByTestId("found")).containsText(" of ");
        return page.getByTestId("tile");
    }
}
