package dev.weir.tests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Route.FulfillOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The cluster on the page: its stages and nodes, what they hold, and nodes that leave. */
final class PageClusterTest {

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
                    assertThat(page.getByTestId("models").first()).hasText("default");

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

    /** A node of the running server by another name. */
    private static JsonObject node(String name) {
        return new JsonObject(UP.server().text("/v1/cluster"))
                .getJsonArray("stages")
                .getJsonObject(1)
                .getJsonArray("nodes")
                .getJsonObject(0)
                .put("node", name);
    }
}
