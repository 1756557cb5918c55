package dev.weir.tests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.weir.tests.PageVisit.cards;
import static dev.weir.tests.PageVisit.generateSlowly;
import static dev.weir.tests.SpokenStream.accept;
import static dev.weir.tests.SpokenStream.answering;
import static dev.weir.tests.SpokenStream.error;
import static dev.weir.tests.SpokenStream.event;
import static dev.weir.tests.SpokenStream.send;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.Route.FetchOptions;
import com.microsoft.playwright.Route.FulfillOptions;
import com.microsoft.playwright.WebSocketRoute;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The page with a server whose side of the conversation the test speaks: what is rare or hard to bring about. */
final class PageAloneTest {

    @RegisterExtension
    static final UpServer UP = new UpServer();

    @Test
    void aPictureThatWaitsSaysHowManyAreAheadAndForHowLong() {
        PageVisit.to(UP.server().url())
                .preparedBy(answering((socket, command) -> {
                    accept(socket, command);
                    send(socket, event(command, "queued", 0).put("position", 3).put("eta_seconds", 12.2));
                    send(socket, event(command, "queued", 1).put("position", 0).put("eta_seconds", 150));
                }))
                .doing(page -> {
                    generateSlowly(page, 2);

                    assertThat(cards(page).nth(0).getByTestId("status")).hasText("Waiting: 3 images ahead");
                    assertThat(cards(page).nth(0).getByTestId("time")).hasText("about 13 s");
                    assertThat(cards(page).nth(1).getByTestId("status")).hasText("Waiting: next in line");
                    assertThat(cards(page).nth(1).getByTestId("time")).hasText("about 3 min");
                    assertThat(cards(page).nth(0)).hasAttribute("data-state", "queued");
                });
    }

    @Test
    void aServerThatIsFullIsSaidToBeSoInPlainWords() {
        PageVisit.to(UP.server().url())
                .preparedBy(answering((socket, command) -> send(
                        socket,
                        new JsonObject()
                                .put("type", "error")
                                .put("id", command.getString("id"))
                                .put("error", error("too_many_jobs", "512 images of 256 jobs are in progress"))
                                .put("retry_after_seconds", 12))))
                .doing(page -> {
                    generateSlowly(page, 1);

                    assertThat(page.getByTestId("error"))
                            .hasText("The server has as many images in progress as it allows. Try again in 12 s.");
                    assertThat(cards(page)).hasCount(0);
                });
    }

    @Test
    void aModelThatNeedsAnImageAsksForIt() {
        PageVisit.to(UP.server().url())
                .preparedBy(page -> page.route("**/v1/models", route -> {
                    JsonObject answer = new JsonObject(route.fetch().text());
                    JsonArray models = answer.getJsonArray("data");
                    JsonObject upscaler = models.getJsonObject(0).copy().put("id", "upscaler");
                    JsonObject image =
                            new JsonObject().put("name", "init_image").put("required", true);
                    for (Object workflow : upscaler.getJsonArray("workflows")) {
                        ((JsonObject) workflow).getJsonArray("fields").add(image);
                    }
                    models.add(0, upscaler);
                    route.fulfill(new FulfillOptions().setBody(answer.encode()).setContentType("application/json"));
                }))
                .doing(page -> {
                    assertThat(page.getByTestId("model")).hasValue("upscaler");
                    page.getByTestId("prompt").fill("a red apple");
                    page.getByTestId("generate").click();

                    assertThat(page.getByTestId("error")).containsText("Input image: choose one");
                    assertThat(cards(page)).hasCount(0);
                });
    }

    /** It listens before its stages have joined. */
    @Test
    void aServerThatHasJustBeenStartedAgainIsAskedUntilItsStagesHaveJoined() {
        AtomicInteger asked = new AtomicInteger();
        PageVisit.to(UP.server().url())
                .preparedBy(answering((socket, command) -> {
                    switch (asked.incrementAndGet()) {
                        case 1 ->
                            socket.close(new WebSocketRoute.CloseOptions()
                                    .setCode(1012)
                                    .setReason("restart"));
                        case 2 ->
                            send(
                                    socket,
                                    new JsonObject()
                                            .put("type", "error")
                                            .put("id", command.getString("id"))
                                            .put("error", error("no_model", "no live node serves any model")));
                        default -> {
                            accept(socket, command);
                            send(
                                    socket,
                                    event(command, "queued", 0)
                                            .put("position", 0)
                                            .put("eta_seconds", 1));
                        }
                    }
                }))
                .doing(page -> {
                    generateSlowly(page, 1);

                    assertThat(cards(page).first().getByTestId("status")).hasText("Waiting: next in line");
                    assertThat(asked.get()).isEqualTo(3);
                });
    }

    @Test
    void aPictureThatFailsSaysWhyAndMayBeTriedAgain() {
        PageVisit.to(UP.server().url())
                .preparedBy(answering((socket, command) -> {
                    accept(socket, command);
                    send(
                            socket,
                            event(command, "failed", 0).put("error", error("out_of_memory", "CUDA out of memory")));
                }))
                .doing(page -> {
                    generateSlowly(page, 1);

                    assertThat(cards(page).first()).hasAttribute("data-state", "failed");
                    assertThat(cards(page).first().getByTestId("status"))
                            .hasText("The node ran out of memory. Try a smaller size.");
                    assertThat(cards(page).first().getByTestId("retry")).isVisible();
                    assertThat(page.getByTestId("said")).containsText("The node ran out of memory");
                });
    }

    @Test
    void belowAPathEverythingIsAskedForBelowThatPath() {
        List<String> sockets = new ArrayList<>();
        List<String> requests = new ArrayList<>();
        URI below = UP.server().url().resolve("/some/where/");
        PageVisit.to(below)
                .preparedBy(page -> {
                    page.route("**/*", route -> {
                        String path = URI.create(route.request().url()).getPath();
                        requests.add(path);
                        withoutPrefix(route, path.replaceFirst("^/some/where", ""));
                    });
                    page.routeWebSocket(url -> true, socket -> sockets.add(socket.url()));
                })
                .doing(page -> {
                    generateSlowly(page, 1);
                    assertThat(cards(page)).hasCount(1);
                    page.waitForCondition(() -> !sockets.isEmpty());

                    assertThat(sockets).allMatch(url -> url.endsWith("/some/where/v1/stream"));
                    assertThat(requests)
                            .contains("/some/where/v1/models", "/some/where/jobs.js")
                            .allMatch(path -> path.startsWith("/some/where/"));
                });
    }

    private static void withoutPrefix(Route route, String path) {
        String url = UP.server().url().resolve(path).toString();
        route.fulfill(new FulfillOptions().setResponse(route.fetch(new FetchOptions().setUrl(url))));
    }

    @Test
    void theFirstModelOfTheServerIsChosenUntilTheUserChoosesAnother() {
        JsonObject card = new JsonObject(UP.server().text("/v1/models"))
                .getJsonArray("data")
                .getJsonObject(0);
        JsonArray models = new JsonArray()
                .add(card.copy().put("id", "zebra").put("default_steps", 11))
                .add(card.copy().put("id", "aardvark").put("default_steps", 22));
        String answer = new JsonObject().put("data", models).encode();
        PageVisit.to(UP.server().url())
                .preparedBy(page ->
                        page.route("**/v1/models", route -> route.fulfill(new FulfillOptions().setBody(answer))))
                .doing(page -> {
                    assertThat(page.getByTestId("model")).hasValue("zebra");
                    assertThat(page.getByTestId("steps")).hasValue("11");

                    page.getByTestId("model").selectOption("aardvark");
                    assertThat(page.getByTestId("steps")).hasValue("22");
                    page.getByTestId("steps").fill("33");
                    page.reload();

                    assertThat(page.getByTestId("model")).hasValue("aardvark");
                    assertThat(page.getByTestId("steps")).hasValue("33");
                    page.getByTestId("defaults").click();
                    assertThat(page.getByTestId("steps")).hasValue("22");
                });
    }

    @Test
    void aChosenModelIsChosenAgainWhenItIsBack() {
        JsonObject card = new JsonObject(UP.server().text("/v1/models"))
                .getJsonArray("data")
                .getJsonObject(0);
        JsonArray both = new JsonArray()
                .add(card.copy().put("id", "zebra"))
                .add(card.copy().put("id", "aardvark"));
        AtomicReference<JsonArray> served = new AtomicReference<>(both);
        PageVisit.to(UP.server().url())
                .preparedBy(page -> page.route(
                        "**/v1/models",
                        route -> route.fulfill(new FulfillOptions()
                                .setBody(new JsonObject()
                                        .put("data", served.get())
                                        .encode()))))
                .doing(page -> {
                    page.getByTestId("model").selectOption("aardvark");

                    served.set(new JsonArray().add(both.getJsonObject(0)));
                    lookAgain(page);
                    assertThat(page.getByTestId("model")).hasValue("zebra");

                    served.set(both);
                    lookAgain(page);
                    assertThat(page.getByTestId("model")).hasValue("aardvark");
                });
    }

    /** The page asks for the models when it comes into view. */
    private static void lookAgain(Page page) {
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    }

    @Test
    void everythingHasANameForAScreenReader() {
        PageVisit.to(UP.server().url())
                .preparedBy(answering((socket, command) -> accept(socket, command)))
                .doing(page -> {
                    generateSlowly(page, 2);
                    assertThat(cards(page)).hasCount(2);

                    assertThat(unnamed(page)).isEmpty();
                    assertThat(cards(page).nth(1).getByTestId("cancel"))
                            .hasAttribute("aria-label", "Cancel: a red apple (2 of 2)");
                });
    }

    private static List<?> unnamed(Page page) {
        return (List<?>)
                page.evaluate(
                        """
                [...document.querySelectorAll('input, select, textarea, button, progress, img, dialog, article')]
                  .filter(part => !part.labels?.length && !part.ariaLabel && !part.textContent.trim() && part.alt === undefined)
                  .map(part => part.outerHTML)
                """);
    }

    @Test
    void onAPhoneThePageFitsAndThePicturesAreNotBelowTheSettings() {
        PageVisit.to(UP.server().url())
                .withWindow(360, 740)
                .preparedBy(answering((socket, command) -> accept(socket, command)))
                .doing(page -> {
                    assertThat(page.getByTestId("negative")).isHidden();
                    page.locator("#settings summary").click();
                    generateSlowly(page, 3);
                    assertThat(cards(page).first()).isInViewport();
                    page.locator("#settings summary").click();

                    assertThat((Integer) page.evaluate("document.documentElement.scrollWidth"))
                            .isLessThanOrEqualTo(360);
                    assertThat(cards(page).first().boundingBox().y).isLessThan(0.65 * 740);
                });
    }

    @Test
    void theFoldedSettingsSayWhatDiffersFromTheDefaults() {
        PageVisit.to(UP.server().url()).withWindow(390, 844).doing(page -> {
            Locator line = page.locator("#settings summary");
            assertThat(page.getByTestId("generate")).isEnabled();
            assertThat(line).hasText("Settings");
            line.click();
            page.getByTestId("n").fill("4");
            page.getByTestId("steps").fill("80");
            assertThat(page.getByTestId("changes")).isHidden();

            page.reload();

            assertThat(page.getByTestId("n")).isHidden();
            assertThat(line).hasText("Settings · 4 images · 80 steps");
            assertThat(page.getByTestId("changes")).isVisible();
            line.click();
            page.getByTestId("defaults").click();
            page.getByTestId("seed").fill("7");
            page.getByTestId("negative").fill("blur");
            assertThat(line).hasText("Settings · 4 images · seed 7 · negative prompt");
        });
    }

    @Test
    void onAPhoneNothingOfTheHeaderIsCutAndCardsOfARowAreAlikeHigh() {
        String cut = "The prompt is too long. This part was not used: a red apple…";
        PageVisit.to(UP.server().url())
                .withWindow(390, 844)
                .preparedBy(answering((socket, command) -> {
                    accept(socket, command);
                    send(socket, event(command, "warning", 0).put("message", cut));
                    send(socket, event(command, "failed", 0).put("error", error("out_of_memory", "out of memory")));
                }))
                .doing(page -> {
                    page.locator("#settings summary").click();
                    generateSlowly(page, 2);
                    Locator failed = cards(page).nth(0);
                    assertThat(failed).hasAttribute("data-state", "failed");
                    assertThat(failed.getByTestId("warning")).hasText(cut);

                    var place = failed.boundingBox();
                    var neighbour = cards(page).nth(1).boundingBox();
                    assertThat(neighbour.y).isEqualTo(place.y);
                    assertThat(neighbour.height).isEqualTo(place.height);
                    assertThat(linesOfLinks(failed)).isEqualTo(1);
                    assertThat(page.getByTestId("cluster")).containsText("decoder");
                    assertThat((Boolean) page.getByTestId("cluster")
                                    .evaluate("line => line.scrollWidth <= line.clientWidth"))
                            .isTrue();
                });
    }

    private static int linesOfLinks(Locator card) {
        return (Integer) card.locator(".actions")
                .evaluate("line => new Set([...line.children].filter(link => !link.hidden)"
                        + ".map(link => link.offsetTop)).size");
    }
}
