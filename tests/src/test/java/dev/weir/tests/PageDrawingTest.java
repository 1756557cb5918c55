package dev.weir.tests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.weir.tests.PageVisit.PATIENT;
import static dev.weir.tests.PageVisit.cards;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route.FulfillOptions;
import com.microsoft.playwright.WebSocketRoute;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Images that are drawn while the prompt is typed. */
final class PageDrawingTest {

    @RegisterExtension
    static final UpServer UP = new UpServer();

    @ParameterizedTest
    @CsvSource({"1280,600", "390,667"})
    void anExampleIsDrawnAndTheButtonStaysInViewBesideExactSettings(int width, int height) {
        PageVisit.to(UP.server().url())
                .withWindow(width, height)
                .preparedBy(SpokenStream.answering(SpokenStream::accept))
                .doing(page -> {
                    assertThat(page.getByTestId("generate")).isEnabled();
                    page.locator("#settings").evaluate("settings => settings.open = true");
                    page.getByTestId("stepsValue").fill("33");
                    assertThat(page.getByTestId("steps")).hasValue("33");
                    page.getByTestId("stepsValue").fill("99999");
                    page.getByTestId("stepsValue").press("Tab");
                    String most = page.getByTestId("steps").getAttribute("max");
                    assertThat(page.getByTestId("stepsValue")).hasValue(most);
                    page.getByTestId("guidance").fill("2.5");
                    assertThat(page.getByTestId("guidanceValue")).hasValue("2.5");

                    page.getByTestId("seed").scrollIntoViewIfNeeded();
                    assertThat(page.getByTestId("generate")).isInViewport();
                    page.getByTestId("idea").first().click();
                    assertThat(cards(page)).hasCount(1);
                    assertThat(page.getByTestId("prompt")).hasValue("a red apple");
                    assertThat(page.locator("#empty")).isHidden();
                    assertThat(page).hasTitle("(1) Weir");
                });
    }

    @Test
    void eachPauseOfTypingDrawsWithTheModelsDraftAndCancelsWhatIsOutdated() {
        AtomicReference<Double> stepSeconds = new AtomicReference<>(0.01);
        List<JsonObject> commands = new CopyOnWriteArrayList<>();
        PageVisit.to(UP.server().url())
                .preparedBy(page -> {
                    withStepsOf(stepSeconds, page);
                    page.routeWebSocket(
                            url -> url.endsWith("/v1/stream"),
                            socket ->
                                    socket.onMessage(frame -> answer(socket, new JsonObject(frame.text()), commands)));
                })
                .doing(page -> {
                    assertThat(page.getByTestId("draw")).not().isChecked();
                    page.getByTestId("prompt").fill("a red apple");
                    page.getByTestId("draw").check();
                    assertThat(page.locator("#drawField"))
                            .hasAttribute("title", "With default-fast, in 4 steps", PATIENT);
                    page.getByTestId("prompt").fill("a red apple tree");
                    page.waitForCondition(() -> commands.size() == 1);
                    assertThat(cards(page)).hasCount(1);
                    page.getByTestId("prompt").fill("a red apple tree at night");
                    page.waitForCondition(() -> commands.size() == 3);

                    assertThat(cards(page)).hasCount(1);
                    assertThat(commands)
                            .extracting(command -> command.getString("type"))
                            .containsExactly("generate", "cancel", "generate");
                    assertThat(commands.get(0).getString("prompt")).isEqualTo("a red apple tree");
                    assertThat(commands.get(2).getString("prompt")).isEqualTo("a red apple tree at night");
                    assertThat(commands.get(2).getString("model")).isEqualTo("default-fast");
                    assertThat(commands.get(2).fieldNames())
                            .contains("size", "preview")
                            .doesNotContain("num_inference_steps", "guidance_scale", "sampler");
                    assertThat(commands.get(2).getValue("seed"))
                            .isEqualTo(commands.get(0).getValue("seed"));
                    assertThat(commands.get(1).getString("job"))
                            .isEqualTo(commands.get(0).getString("id"));
                    assertThat(page.getByTestId("prompt")).isFocused();
                });
    }

    @Test
    void aDrawingThatIsOutdatedBeforeTheServerNamesItIsCancelledAsSoonAsItIsNamed() {
        List<JsonObject> commands = new CopyOnWriteArrayList<>();
        AtomicReference<Runnable> named = new AtomicReference<>();
        PageVisit.to(UP.server().url())
                .preparedBy(page -> {
                    withStepsOf(new AtomicReference<>(0.01), page);
                    page.routeWebSocket(
                            url -> url.endsWith("/v1/stream"),
                            socket -> socket.onMessage(frame -> {
                                JsonObject command = new JsonObject(frame.text());
                                if (commands.isEmpty()) {
                                    commands.add(command);
                                    named.set(() -> answer(socket, command, new ArrayList<>()));
                                } else {
                                    answer(socket, command, commands);
                                }
                            }));
                })
                .doing(page -> {
                    page.getByTestId("draw").check();
                    page.getByTestId("prompt").fill("a red apple");
                    page.waitForCondition(() -> commands.size() == 1);
                    page.getByTestId("prompt").fill("a red apple tree");
                    page.waitForCondition(() -> commands.size() == 2);
                    assertThat(cards(page)).hasCount(1);

                    named.get().run();

                    page.waitForCondition(() -> commands.size() == 3);
                    assertThat(commands.get(2).getString("type")).isEqualTo("cancel");
                    assertThat(commands.get(2).getString("job"))
                            .isEqualTo(commands.get(0).getString("id"));
                    assertThat(cards(page)).hasCount(1);
                    assertThat(cards(page).first().getByTestId("caption")).hasText("a red apple tree");
                });
    }

    @Test
    void whatADraftMayNotKnowIsDrawnWithTheModelItself() {
        List<JsonObject> commands = new CopyOnWriteArrayList<>();
        PageVisit.to(UP.server().url())
                .preparedBy(page -> {
                    withStepsOf(new AtomicReference<>(0.01), page);
                    page.routeWebSocket(
                            url -> url.endsWith("/v1/stream"),
                            socket ->
                                    socket.onMessage(frame -> answer(socket, new JsonObject(frame.text()), commands)));
                })
                .doing(page -> {
                    page.getByTestId("draw").check();
                    page.locator("#more").evaluate("more => more.open = true");
                    page.getByTestId("prompt_syntax").selectOption("a1111");
                    page.getByTestId("prompt").fill("a red apple");
                    page.waitForCondition(() -> commands.size() == 1);

                    assertThat(commands.get(0).getString("model")).isEqualTo("default");
                    assertThat(commands.get(0).getString("prompt_syntax")).isEqualTo("a1111");
                    assertThat(commands.get(0).getInteger("num_inference_steps"))
                            .isEqualTo(20);
                });
    }

    @Test
    void aDraftIsLoadedWhenSomethingIsDrawnForTheFirstTime() {
        PageVisit.to(UP.server().url())
                .preparedBy(page -> withStepsOf(new AtomicReference<>(0.01), page))
                .doing(page -> {
                    page.getByTestId("draw").check();
                    page.getByTestId("prompt").fill("a red apple");
                    assertThat(cards(page).first()).hasAttribute("data-state", "completed", PATIENT);
                    assertThat(UP.server()
                                    .get("/v1/models/default-fast")
                                    .path("loaded")
                                    .asBoolean())
                            .isTrue();
                });
    }

    @Test
    void drawingIsOfferedWhereTheModelIsFastEnoughAndRemembered() {
        AtomicReference<Double> stepSeconds = new AtomicReference<>(0.01);
        PageVisit.to(UP.server().url())
                .preparedBy(page -> withStepsOf(stepSeconds, page))
                .doing(page -> {
                    page.getByTestId("draw").check();
                    stepSeconds.set(2.0);
                    page.reload();
                    assertThat(page.getByTestId("cluster")).containsText("denoiser");
                    assertThat(page.getByTestId("draw")).isHidden();

                    stepSeconds.set(0.01);
                    page.reload();
                    assertThat(page.getByTestId("draw")).isChecked();

                    stepSeconds.set(0.0);
                    page.reload();
                    assertThat(page.getByTestId("cluster")).containsText("denoiser");
                    assertThat(page.getByTestId("draw")).isChecked(); // No step was measured, but a draft is there.
                });
    }

    private static void withStepsOf(AtomicReference<Double> seconds, Page page) {
        page.route("**/v1/cluster", route -> {
            JsonObject answer = new JsonObject(route.fetch().text());
            JsonObject denoiser = answer.getJsonArray("stages")
                    .getJsonObject(1)
                    .getJsonArray("nodes")
                    .getJsonObject(0)
                    .put("step_seconds", seconds.get());
            denoiser.getJsonArray("models")
                    .forEach(model -> ((JsonObject) model).put("forward_seconds", seconds.get()));
            route.fulfill(new FulfillOptions().setBody(answer.encode()).setContentType("application/json"));
        });
    }

    /** A job has the name that the page gave it, and is never finished but by its cancellation. */
    private static void answer(WebSocketRoute socket, JsonObject command, List<JsonObject> commands) {
        commands.add(command);
        boolean begins = command.getString("type").equals("generate");
        String job = command.getString(begins ? "id" : "job");
        JsonObject event = new JsonObject()
                .put("type", begins ? "attached" : "cancelled")
                .put("id", job)
                .put("job", job)
                .put("sample", 0)
                .put("seq", 1);
        socket.send(event.encode());
    }
}
