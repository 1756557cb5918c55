package dev.weir.tests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.weir.tests.PageVisit.PATIENT;
import static dev.weir.tests.PageVisit.cards;
import static dev.weir.tests.PageVisit.ofCards;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Mouse;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route.FulfillOptions;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.FilePayload;
import dev.weir.picture.PngText;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Requests with more than a prompt: images, masks, LoRAs, ControlNets, classes, and what a picture's file says. */
final class PageCreateTest {

    @RegisterExtension
    static final UpServer UP = new UpServer();

    private static FilePayload picture() {
        var answer = UP.server()
                .generate(Map.of(
                        "prompt", "a red apple – rot",
                        "negative_prompt", "blur, noise",
                        "seed", "18446744073709551615",
                        "num_inference_steps", 4,
                        "sampler", "dpmpp_2m",
                        "schedule", "karras",
                        "size", "128x96"))
                .join();
        String image = answer.body().at("/data/0/b64_json").asText();
        return new FilePayload("apple.png", "image/png", Base64.getDecoder().decode(image));
    }

    @Test
    void aPictureThatIsOpenedGivesItsSettingsBack() {
        PageVisit.to(UP.server().url()).doing(page -> {
            assertThat(page.getByTestId("generate")).isEnabled();
            page.getByTestId("openFile").setInputFiles(picture());
            assertThat(page.getByTestId("incomingText")).containsText("a red apple – rot");
            page.getByTestId("useSettings").click();

            assertThat(page.getByTestId("prompt")).hasValue("a red apple – rot");
            assertThat(page.getByTestId("negative")).hasValue("blur, noise");
            assertThat(page.getByTestId("seed")).hasValue("18446744073709551615");
            assertThat(page.getByTestId("lock")).hasAttribute("aria-pressed", "true");
            assertThat(page.getByTestId("steps")).hasValue("4");
            assertThat(page.getByTestId("sampler")).hasValue("dpmpp_2m");
            assertThat(page.getByTestId("schedule")).hasValue("karras");
            assertThat(page.getByTestId("size")).hasValue("128x96");
        });
    }

    @Test
    void theTextOfAPictureIsReadAsToolsWriteIt() {
        String text =
                """
                a cat, 5: five
                Negative prompt: blur
                Steps: 8, Sampler: euler, Seed: 5, Size: 64x96, Clip skip: 2, Guidance start: 0.1, Guidance end: 0.6, Guidance reuse: True, \
                Loras: ink:0.5:0.7 pixel:1.0, \
                ControlNet 0: "Module: canny, Model: edges, Steps: 3", Denoising strength: 0.5""";
        PageVisit.to(UP.server().url()).doing(page -> {
            Object body =
                    page.evaluate("async text => JSON.stringify((await import('./parameters.js')).bodyOf(text))", text);

            assertThat(new JsonObject((String) body))
                    .isEqualTo(
                            new JsonObject(
                                    """
                            {"prompt": "a cat, 5: five", "negative_prompt": "blur", "num_inference_steps": 8, "sampler": "euler",
                             "seed": 5, "size": "64x96", "clip_skip": 1, "strength": 0.5,
                             "guidance_start": 0.1, "guidance_end": 0.6, "guidance_reuse": true,
                             "loras": [{"name": "ink", "weight": 0.7, "text_weight": 0.5}, {"name": "pixel", "weight": 1}]}
                            """));
        });
    }

    @Test
    void aPictureOfAutomatic1111GivesItsSettingsAndWhatIsNotTakenOverIsSaid() {
        String text =
                """
                a (red:1.2) apple
                Steps: 8, Sampler: DPM++ 2M, Schedule type: Automatic, CFG scale: 7.25, Seed: 5, Size: 96x128, Model hash: 6ce0161689, \
                Model: "v1-5: pruned, ema", Denoising strength: 0.5, Masked content: fill, Hires upscale: 2, Version: v1.10.1""";
        byte[] picture = picture().buffer;
        PageVisit.to(UP.server().url()).doing(page -> {
            assertThat(page.getByTestId("generate")).isEnabled();
            String own = page.getByTestId("sampler").inputValue();
            useSettings(page, picture, text);

            assertThat(page.getByTestId("prompt")).hasValue("a (red:1.2) apple");
            assertThat(page.getByTestId("sampler")).hasValue("dpmpp_2m");
            assertThat(page.getByTestId("schedule")).hasValue("karras");
            assertThat(page.getByTestId("guidance")).hasValue("7.25");
            assertThat(page.getByTestId("guidance")).hasAttribute("max", "50");
            assertThat(page.getByTestId("noise")).hasValue("cuda");
            assertThat(page.getByTestId("prompt_syntax")).hasValue("a1111");
            assertThat(page.getByTestId("moreChanges")).hasText(" · noise cuda · prompt syntax a1111");
            assertThat(page.getByTestId("notTaken"))
                    .hasText("Not taken over: model v1-5: pruned, ema; Hires upscale 2."
                            + " For when you add the image: masked content fill; strength 0.5.");

            useSettings(page, picture, "a pear\nSteps: 8, Sampler: DPM fast, Seed: 5, Version: Weir");
            assertThat(page.getByTestId("sampler")).hasValue(own);
            assertThat(page.getByTestId("notTaken")).hasText("Not taken over: sampler dpm_fast.");
            assertThat(page.getByTestId("noise")).hasValue("");
        });
    }

    private static void useSettings(Page page, byte[] picture, String text) {
        byte[] file = PngText.with(picture, "parameters", text);
        page.getByTestId("openFile").setInputFiles(new FilePayload("theirs.png", "image/png", file));
        page.getByTestId("useSettings").click();
    }

    @Test
    void theSamplersOfAutomatic1111HaveTheirNamesHere() {
        PageVisit.to(UP.server().url()).doing(page -> {
            Object names = page.evaluate(
                    """
                    async () => {
                      const { namesOf } = await import('./a1111.js');
                      return [["DPM++ 2M SDE", "Automatic"], ["DPM2 a"], ["DPM++ 2M Karras"], ["PLMS"], ["Euler a", "Automatic"],
                        ["Euler", "Uniform"], ["Euler"], ["UniPC", "Align Your Steps"], ["dpmpp_2m", "lu"]]
                        .map(([sampler, schedule]) => Object.values(namesOf(sampler, schedule)).join(" "));
                    }
                    """);
            assertThat(names)
                    .isEqualTo(List.of(
                            "dpmpp_2m_sde exponential",
                            "kdpm2_ancestral normal",
                            "dpmpp_2m karras",
                            "pndm ",
                            "euler_ancestral ",
                            "euler normal",
                            "euler normal",
                            "unipc Align Your Steps",
                            "dpmpp_2m lu"));
        });
    }

    @Test
    void aPaintedMaskOfAnInputImageMakesTheRequestAnInpainting() {
        PageVisit.to(UP.server().url()).doing(page -> {
            page.getByTestId("prompt").fill("a green apple");
            assertThat(page.getByTestId("generate")).isEnabled();
            page.getByTestId("steps").fill("2");
            page.getByTestId("openFile").setInputFiles(picture());
            page.getByTestId("useImage").click();
            assertThat(page.getByTestId("task")).hasValue("image_to_image");
            page.getByTestId("steps").fill("2");

            page.getByTestId("paint").click();
            assertThat(page.getByTestId("undo")).isDisabled();
            stroke(page);
            stroke(page);
            page.getByTestId("undo").click();
            assertThat(page.getByTestId("undo")).isEnabled();
            page.getByTestId("maskDone").click();
            assertThat(page.getByTestId("task")).hasValue("inpainting");
            page.getByTestId("masked_content").selectOption("fill");
            page.getByTestId("generate").click();

            assertThat(cards(page).first()).hasAttribute("data-state", "completed", PATIENT);
            String job = ofCards(page, "data-job").get(0);
            var made = UP.server().get("/v1/jobs/" + job);
            assertThat(made.path("workflow").asText()).isEqualTo("inpainting");
            assertThat(made.at("/request/masked_content").asText()).isEqualTo("fill");
            assertThat(made.path("attachments").findValuesAsText("name"))
                    .containsExactlyInAnyOrder("init_image", "mask");

            page.reload();
            assertThat(page.getByTestId("slotPicture").first()).isVisible();
            assertThat(page.getByTestId("task")).hasValue("inpainting");
            assertThat(page.getByTestId("changes")).containsText(" · masked content fill");
            page.getByTestId("masked_content").selectOption("original");
            cards(page).first().getByTestId("reuse").click();
            assertThat(page.getByTestId("masked_content")).hasValue("fill");
        });
    }

    private static void stroke(Page page) {
        var place = page.getByTestId("maskCanvas").boundingBox();
        page.mouse().move(place.x + place.width / 4, place.y + place.height / 4);
        page.mouse().down();
        page.mouse().move(place.x + place.width / 2, place.y + place.height / 2, new Mouse.MoveOptions().setSteps(3));
        page.mouse().up();
    }

    @Test
    void theModelsCardSaysWhatIsShownAndAsked() {
        List<JsonObject> commands = new ArrayList<>();
        List<String> uploads = new ArrayList<>();
        PageVisit.to(UP.server().url())
                .preparedBy(page -> {
                    withCard(card -> card.put(
                                            "loras",
                                            new JsonArray().add("pixel-art").add("ink"))
                                    .put("controlnets", new JsonArray().add("edges"))
                                    .put(
                                            "workflows",
                                            new JsonArray()
                                                    .add(card.getJsonArray("workflows")
                                                            .getJsonObject(0)
                                                            .put("name", "class_to_image")
                                                            .put("fields", new JsonArray().add(classes())))))
                            .accept(page);
                    page.routeWebSocket(
                            url -> url.endsWith("/v1/stream"),
                            socket -> socket.onMessage(frame -> {
                                if (frame.text() == null) {
                                    uploads.add(nameOf(frame.binary()));
                                } else {
                                    commands.add(new JsonObject(frame.text()));
                                }
                            }));
                })
                .doing(page -> {
                    assertThat(page.getByTestId("class")).isVisible();
                    assertThat(page.getByTestId("prompt")).isHidden();
                    assertThat(page.getByTestId("guidance")).isHidden();
                    assertThat(page.getByTestId("task")).isHidden();
                    assertThat(page.getByTestId("class")).hasAttribute("placeholder", Pattern.compile("0 to \\d+"));
                    page.getByTestId("class").fill("207");
                    page.getByTestId("lorasAdd").selectOption("ink");
                    page.getByTestId("weight").fill("0.6");
                    page.getByTestId("controlnetsAdd").selectOption("edges");
                    page.getByTestId("preprocess").selectOption("canny");
                    page.locator("[data-testid=controlRow] [data-testid=file]").setInputFiles(picture());
                    page.getByTestId("generate").click();
                    page.waitForCondition(() -> !commands.isEmpty());

                    JsonObject command = commands.get(0);
                    assertThat(command.getInteger("class_label")).isEqualTo(207);
                    assertThat(command.getJsonArray("loras"))
                            .isEqualTo(new JsonArray()
                                    .add(new JsonObject().put("name", "ink").put("weight", 0.6)));
                    JsonObject control = command.getJsonArray("controlnets").getJsonObject(0);
                    assertThat(control.getString("name")).isEqualTo("edges");
                    assertThat(control.getString("preprocess")).isEqualTo("canny");
                    assertThat(control.getString("image")).isEqualTo("upload:" + uploads.get(0));
                });
    }

    @Test
    void anIpAdapterTakesSeveralImagesAndASizeMayBeTheUsersOwn() {
        List<JsonObject> commands = new ArrayList<>();
        List<String> uploads = new ArrayList<>();
        PageVisit.to(UP.server().url())
                .preparedBy(page -> {
                    withCard(card -> card.put("ip_adapters", new JsonArray().add("faces")))
                            .accept(page);
                    page.routeWebSocket(
                            url -> url.endsWith("/v1/stream"),
                            socket -> socket.onMessage(frame -> {
                                if (frame.text() == null) {
                                    uploads.add(nameOf(frame.binary()));
                                } else {
                                    commands.add(new JsonObject(frame.text()));
                                }
                            }));
                })
                .doing(page -> {
                    FilePayload picture = picture();
                    page.getByTestId("prompt").fill("a red apple");
                    page.getByTestId("ipAdaptersAdd").selectOption("faces");
                    page.getByTestId("generate").click();
                    assertThat(page.getByTestId("error")).hasText("Choose an image for faces, or remove it.");

                    page.getByTestId("openFile").setInputFiles(picture);
                    page.getByTestId("usePrompt").click();
                    Locator slots = page.locator("[data-testid=adapterRow] [data-testid=slot]:visible");
                    assertThat(slots).hasCount(2);
                    slots.nth(1).getByTestId("file").setInputFiles(picture);
                    assertThat(slots).hasCount(3);
                    page.getByTestId("scale").fill("0.7");
                    page.getByTestId("size").selectOption("own");
                    page.getByTestId("ownWidth").fill("100");
                    page.getByTestId("generate").click();
                    assertThat(commands).isEmpty();
                    page.getByTestId("ownWidth").fill("104");
                    page.getByTestId("ownHeight").fill("72");
                    assertThat(page.getByTestId("size")).hasValue("104x72");
                    assertThat(Axe.violationsInEveryLook(page)).isEmpty();
                    page.getByTestId("generate").click();
                    page.waitForCondition(() -> !commands.isEmpty());

                    JsonObject command = commands.get(0);
                    assertThat(command.getString("size")).isEqualTo("104x72");
                    JsonObject adapter = command.getJsonArray("ip_adapters").getJsonObject(0);
                    assertThat(adapter.getString("name")).isEqualTo("faces");
                    assertThat(adapter.getDouble("scale")).isEqualTo(0.7);
                    assertThat(adapter.getJsonArray("images"))
                            .containsExactly("upload:" + uploads.get(0), "upload:" + uploads.get(1));
                });
    }

    @Test
    void aPromptMayBeginLikeTheNameOfAnUpload() {
        AtomicReference<String> prompt = new AtomicReference<>();
        PageVisit.to(UP.server().url())
                .preparedBy(SpokenStream.answering((socket, command) -> {
                    prompt.set(command.getString("prompt"));
                    SpokenStream.accept(socket, command);
                }))
                .doing(page -> {
                    assertThat(page.getByTestId("generate")).isEnabled();
                    page.getByTestId("prompt").fill("upload: a cat");
                    page.getByTestId("prompt").press("Enter");

                    assertThat(cards(page).first()).hasAttribute("data-job", SpokenStream.JOB);
                    assertThat(prompt.get()).isEqualTo("upload: a cat");
                    assertThat(page.getByTestId("error")).isHidden();
                });
    }

    private static JsonObject classes() {
        return new JsonObject()
                .put("name", "class_label")
                .put("required", true)
                .put("min", 0)
                .put("max", 999);
    }

    /** The server's first model with another card. */
    private static Consumer<Page> withCard(Consumer<JsonObject> change) {
        return page -> page.route("**/v1/models", route -> {
            JsonObject answer = new JsonObject(route.fetch().text());
            change.accept(answer.getJsonArray("data").getJsonObject(0));
            route.fulfill(new FulfillOptions().setBody(answer.encode()).setContentType("application/json"));
        });
    }

    private static String nameOf(byte[] upload) {
        int length = ByteBuffer.wrap(upload).getInt();
        return new JsonObject(new String(upload, Integer.BYTES, length)).getString("upload");
    }

    @ParameterizedTest
    @CsvSource({"1280, 800, LIGHT", "390, 844, DARK"})
    void assistiveTechnologyFindsNothingWrong(int width, int height, ColorScheme colours) {
        PageVisit.to(UP.server().url()).withWindow(width, height).doing(page -> {
            page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(colours));
            assertThat(page.getByTestId("generate")).isEnabled();
            page.getByTestId("openFile").setInputFiles(picture());
            assertThat(page.getByTestId("useImage")).isVisible();
            assertThat(Axe.violations(page)).isEmpty();
            page.getByTestId("useImage").click();
            page.locator("details").evaluateAll("all => all.forEach(part => { part.open = true; })");

            assertThat(Axe.violations(page)).isEmpty();
            page.getByTestId("paint").click();
            assertThat(Axe.violations(page)).isEmpty();
            assertThat((Integer) page.evaluate("document.documentElement.scrollWidth"))
                    .isLessThanOrEqualTo(width);
        });
    }
}
