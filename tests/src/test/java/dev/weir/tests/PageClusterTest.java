package dev.weir.tests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.weir.tests.PageVisit.cards;
import static dev.weir.tests.PageVisit.generateSlowly;
import static dev.weir.tests.PageVisit.ofCards;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route.FulfillOptions;
import com.microsoft.playwright.assertions.LocatorAssertions.ContainsTextOptions;
import com.microsoft.playwright.assertions.LocatorAssertions.HasCountOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The cluster on the page: its stages and nodes, what they hold, and nodes that leave. */
final class PageClusterTest {

    private static final ContainsTextOptions PATIENT_TEXT = new ContainsTextOptions().setTimeout(60_000);

    private static final HasCountOptions PATIENT_COUNT = new HasCountOptions().setTimeout(60_000);

    @RegisterExtension
    static final UpServer UP = new UpServer();

    @ParameterizedTest
    @CsvSource({"1280, 800", "390, 844"})
    void theNodesOfTheRunningServerAreShown(int width, int height) {
        PageVisit.to(UP.server().url().resolve("/#cluster"))
                .withWindow(width, height)
                .doing(page -> {
                    assertThat(page.getByTestId("node")).hasCount(4);
                    assertThat(page.getByTestId("stageName").nth(1)).hasText("Denoiser");
                    assertThat(page.getByTestId("device").first()).containsText("cpu");
                    // The draft is loaded when a page draws with it.
                    assertThat(page.getByTestId("models").first())
                            .hasText(Pattern.compile("default, default-fast( \\(not loaded\\))?"));

                    assertThat(Axe.violations(page)).isEmpty();
                    assertThat((Integer) page.evaluate("document.documentElement.scrollWidth"))
                            .isLessThanOrEqualTo(width);
                });
    }

    @Test
    void whatANodeHoldsIsShownAndANodeThatDrainsOrIsLostToo() {
        AtomicReference<JsonArray> nodes = new AtomicReference<>(new JsonArray()
                .add(node("one").put("running", 3).put("waiting", 2).put("step_seconds", 0.0405))
                .add(node("two")));
        PageVisit.to(UP.server().url().resolve("/#cluster"))
                .preparedBy(page -> page.route("**/v1/cluster", route -> {
                    JsonObject answer = new JsonObject(route.fetch().text());
                    answer.getJsonArray("stages").getJsonObject(1).put("nodes", nodes.get());
                    route.fulfill(new FulfillOptions().setBody(answer.encode()).setContentType("application/json"));
                }))
                .doing(page -> {
                    Locator one = page.locator("[data-stage=denoiser] [data-testid=node]")
                            .nth(0);
                    Locator two = page.locator("[data-stage=denoiser] [data-testid=node]")
                            .nth(1);
                    assertThat(one).hasAttribute("data-state", "busy");
                    assertThat(one.locator("i")).hasCount(5);
                    assertThat(one.locator("i.waits")).hasCount(2);
                    assertThat(one.getByTestId("step")).hasText("41 ms");
                    assertThat(two).hasAttribute("data-state", "idle");

                    nodes.set(new JsonArray().add(node("two").put("draining", true)));

                    assertThat(one).hasAttribute("data-state", "lost");
                    assertThat(one.locator("i")).hasCount(0);
                    assertThat(two).hasAttribute("data-state", "draining");

                    nodes.set(new JsonArray());

                    assertThat(two).hasAttribute("data-state", "drained");
                });
    }

    @Test
    void anImageIsFollowedFromStageToStageAndToAnotherNode() {
        AtomicReference<JsonArray> nodes = new AtomicReference<>(new JsonArray().add(node("one")));
        PageVisit.to(UP.server().url())
                .preparedBy(page -> page.route("**/v1/cluster", route -> {
                    JsonObject answer = new JsonObject(route.fetch().text());
                    answer.getJsonArray("stages").getJsonObject(1).put("nodes", nodes.get());
                    route.fulfill(new FulfillOptions().setBody(answer.encode()).setContentType("application/json"));
                }))
                .doing(page -> {
                    generateSlowly(page, 1);
                    assertThat(cards(page).first()).hasAttribute("data-job", Pattern.compile(".+"));
                    JsonArray held =
                            new JsonArray().add(ofCards(page, "data-job").get(0) + "/0");
                    nodes.set(new JsonArray().add(node("one").put("samples", held)));
                    page.getByTestId("toCluster").click();
                    Locator dot = page.locator("[data-stage=denoiser] [data-testid=dot]");
                    assertThat(dot).hasAttribute("aria-label", "Follow: a red apple");
                    assertThat(dot).hasAttribute("aria-pressed", "true");
                    assertThat(page.getByTestId("followedName")).hasText("a red apple");
                    assertThat(page.locator("[data-testid=stop][aria-current=step]"))
                            .containsText(" of 100");
                    assertThat(page.getByTestId("stop"))
                            .containsText(new String[] {"Text encoderpassed", "Denoiser", "Decoderto come"});

                    nodes.set(new JsonArray().add(node("two").put("samples", held)));
                    assertThat(page.locator("[data-testid=node]", new Page.LocatorOptions().setHasText("two"))
                                    .getByTestId("dot"))
                            .hasCount(1);
                    assertThat(dot).hasCount(1);
                    assertThat(Axe.violationsInEveryLook(page)).isEmpty();

                    nodes.set(new JsonArray().add(node("two").put("samples", new JsonArray())));
                    assertThat(page.locator("[data-testid=stop][data-planned]")).hasCount(0, PATIENT_COUNT);
                    assertThat(page.getByTestId("stop").last()).containsText("Decoder", PATIENT_TEXT);
                    assertThat(page.getByTestId("stop").first()).containsText("Text encoder");
                    assertThat(dot).hasCount(0);
                });
    }

    @Test
    void anImageThatComesBackToANodeIsThereAgainUnlessTheNodesMessageIsAnOldOne() {
        PageVisit.to(UP.server().url()).doing(page -> {
            Object stops = page.evaluate(
                    """
                    async () => {
                      const { noteEvent, noteHeld, placeOf } = await import('./places.js');
                      const nodes = () => placeOf('job/0').stops.map((stop) => stop.node).join(' ');
                      noteEvent({}, { type: 'started', job: 'job', sample: 0, stage: 'denoiser', node: 'one' });
                      noteHeld('job/0', 'denoiser', 'two');
                      noteHeld('job/0', 'denoiser', 'one');
                      const before = nodes();
                      const now = Date.now();
                      Date.now = () => now + 3000;
                      noteHeld('job/0', 'denoiser', 'one');
                      return [before, nodes()];
                    }
                    """);

            assertThat(stops).isEqualTo(List.of("one two", "one two one"));
        });
    }

    /** A node of the running server by another name, without what other tests left there. */
    private static JsonObject node(String name) {
        return new JsonObject(UP.server().text("/v1/cluster"))
                .getJsonArray("stages")
                .getJsonObject(1)
                .getJsonArray("nodes")
                .getJsonObject(0)
                .put("node", name)
                .put("running", 0)
                .put("waiting", 0)
                .put("samples", new JsonArray());
    }
}
