package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.GatewayConfig.Api;
import dev.weir.gateway.TestStage.Sitting;
import dev.weir.picture.PngText;
import dev.weir.proto.v1.Generation;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs that were written for Automatic1111. */
final class A1111Test {

    /** As a decoder writes it, with a text of its own. */
    static final byte[] PNG =
            PngText.with(png(), "parameters", "a red apple\nSteps: 6, Sampler: euler, RNG: cuda, Engine: onnx avx2");

    private final TestGateway gateway = new TestGateway();

    A1111Test() {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.finish(PNG);
        });
    }

    @AfterEach
    void close() {
        await().untilAsserted(() -> assertThat(gateway.isIdle()).isTrue());
        gateway.close();
    }

    private static byte[] png() {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try {
            ImageIO.write(new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB), "png", file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return file.toByteArray();
    }

    private HttpResponse<String> post(String path, JsonObject body) {
        return gateway.send(gateway.post("/sdapi/v1/" + path, body.encode()));
    }

    private JsonObject get(String path) {
        return new JsonObject(gateway.fetch("/sdapi/v1/" + path).body());
    }

    private JsonArray list(String path) {
        return new JsonArray(gateway.fetch("/sdapi/v1/" + path).body());
    }

    /** What a stage was told to make of a request. */
    private Generation made(JsonObject body) {
        HttpResponse<String> response = post("txt2img", body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return gateway.stage.sittings().get(0).task.getGeneration();
    }

    @Test
    void answersWithPicturesWhoseTextSaysHowTheyWereMade() {
        HttpResponse<String> response = post(
                "txt2img",
                new JsonObject()
                        .put("prompt", "a red apple")
                        .put("negative_prompt", "worms")
                        .put("steps", 6)
                        .put("cfg_scale", 7.5)
                        .put("seed", 40)
                        .put("n_iter", 2)
                        .put("width", 64)
                        .put("height", 32)
                        .put("sampler_name", "Euler"));

        JsonObject body = new JsonObject(response.body());
        String text = "a red apple\nNegative prompt: worms\nSteps: 6, Sampler: Euler, CFG scale: 7.5, Seed: %d, "
                + "Size: 64x32, Model: tiny, Engine: onnx avx2, Version: Weir";
        List<byte[]> files = body.getJsonArray("images").stream()
                .map(image -> Base64.getDecoder().decode((String) image))
                .toList();
        assertThat(files)
                .extracting(PngText::of)
                .containsExactly(Map.of("parameters", text.formatted(40)), Map.of("parameters", text.formatted(41)));
        JsonObject info = new JsonObject(body.getString("info"));
        assertThat(info.getJsonArray("infotexts").getString(0)).isEqualTo(text.formatted(40));
        assertThat(info.getJsonArray("all_seeds"))
                .isEqualTo(new JsonArray().add(40).add(41));
        assertThat(body.getJsonObject("parameters").getString("negative_prompt"))
                .isEqualTo("worms");
    }

    @Test
    void noiseIsDrawnAsOnAGpuUnlessAskedOtherwise() {
        assertThat(made(new JsonObject().put("prompt", "x")).getNoise()).isEqualTo("cuda");
        gateway.stage.sittings().clear();
        JsonObject cpu = new JsonObject().put("randn_source", "CPU");
        assertThat(made(new JsonObject().put("prompt", "x").put("override_settings", cpu))
                        .getNoise())
                .isEqualTo("cpu");
    }

    @Test
    void whatIsAbsentIsTheModelsOwn() {
        Generation made = made(new JsonObject().put("prompt", "x"));

        assertThat(made.getPromptSyntax()).isEqualTo("a1111");
        assertThat(made.getSteps()).isEqualTo(4);
        assertThat(made.getGuidanceScale()).isEqualTo(4);
        assertThat(made.getSampler()).isEqualTo("ddim");
        assertThat(made.getWidth()).isEqualTo(64);
    }

    @ParameterizedTest
    @CsvSource({
        "Euler,,euler,''",
        "k_euler,Karras,euler,karras",
        "Euler Karras,,euler,karras",
        "Euler,automatic,euler,''",
        "DDIM,,ddim,''",
        "PLMS,Automatic,pndm,''"
    })
    void samplersAndSchedulesHaveThatProgramsNames(String name, String scheduler, String sampler, String schedule) {
        Generation made = made(
                new JsonObject().put("prompt", "x").put("sampler_name", name).put("scheduler", scheduler));

        assertThat(made.getSampler()).isEqualTo(sampler);
        assertThat(made.getSchedule()).isEqualTo(schedule);
    }

    @Test
    void anUnknownSamplerIsAnErrorInThatProgramsShape() {
        HttpResponse<String> response =
                post("txt2img", new JsonObject().put("prompt", "x").put("sampler_name", "DPM adaptive"));

        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(new JsonObject(response.body()))
                .isEqualTo(new JsonObject()
                        .put("error", "HTTPException")
                        .put("detail", "Sampler not found")
                        .put("body", "")
                        .put("errors", "404: Sampler not found"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"enable_hr\": true, \"hr_upscaler\": \"ESRGAN_4x\"}",
                "{\"tiling\": true}",
                "{\"restore_faces\": true}",
                "{\"subseed_strength\": 0.5}",
                "{\"script_name\": \"x/y plot\"}",
                "{\"refiner_checkpoint\": \"r\"}",
                "{\"scheduler\": \"karras\", \"sampler_name\": \"DDIM\"}",
                "{\"alwayson_scripts\": {\"ADetailer\": {\"args\": []}}}",
                "{\"steps\": 5000}",
                "{\"batch_size\": 6, \"n_iter\": 6}"
            })
    void whatChangesThePictureAndIsNotComputedIsRefusedByName(String fields) {
        JsonObject body = new JsonObject(fields);
        HttpResponse<String> response = post("txt2img", body.copy().put("prompt", "x"));

        assertThat(response.statusCode()).isIn(400, 422);
        String detail = new JsonObject(response.body()).getString("detail");
        assertThat(body.fieldNames()).anyMatch(name -> detail.contains(name) || detail.contains("ADetailer"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "txt2img | {\"steps\": 51} | steps must be from 1 to 50, not 51",
                "txt2img | {\"cfg_scale\": 60} | cfg_scale must be from 0 to 50, not 60",
                "txt2img | {\"cfg_scale\": 1e308} | cfg_scale must be from 0 to 50, not 1.0E308",
                "txt2img | {\"width\": 1000} | width and height 1000x1000 cannot be made",
                "txt2img | {\"alwayson_scripts\": {\"\": {}}} | always on script \"\" not found",
                "txt2img | {\"alwayson_scripts\": {\"controlnet\": {\"args\": [null]}}} | args[0] must be an object, not null",
                "img2img | {\"init_images\": [5]} | init_images[0] must be a string, not a number",
                "img2img | {\"init_images\": [null]} | init_images[0] must be a string, not null",
                "img2img | {\"init_images\": [\"AAAA\"]} | init_images ",
                "img2img | {\"steps\": 4, \"denoising_strength\": 0.01} | denoising_strength leaves no step of 4",
                "img2img | {\"image_cfg_scale\": 60} | image_cfg_scale must be from 0 to 50, not 60",
            })
    void messagesHaveThatProgramsNamesOfFields(String path, String fields, String message) {
        JsonObject body = new JsonObject(fields).put("prompt", "x");
        if (path.equals("img2img") && !body.containsKey("init_images")) {
            body.put("init_images", new JsonArray().add(Base64.getEncoder().encodeToString(PNG)));
        }

        HttpResponse<String> response = post(path, body);

        assertThat(response.statusCode()).isIn(400, 422);
        assertThat(new JsonObject(response.body()).getString("detail")).contains(message);
    }

    @Test
    void imageToImageTakesAnImageAMaskAndAStrength() {
        JsonObject asked = new JsonObject()
                .put("prompt", "x")
                .put(
                        "init_images",
                        new JsonArray()
                                .add("data:image/png;base64,"
                                        + Base64.getEncoder().encodeToString(PNG)))
                .put("mask", Base64.getEncoder().encodeToString(PNG))
                .put("inpainting_fill", 1)
                .put("mask_blur", 8)
                .put("image_cfg_scale", 1.5)
                .put("denoising_strength", 0.4);
        HttpResponse<String> response = post("img2img", asked);

        Generation made = gateway.stage.sittings().get(0).task.getGeneration();
        assertThat(made.getAttachmentsList()).extracting(file -> file.getName()).containsExactly("init_image", "mask");
        assertThat(made.getStrength()).isEqualTo(0.4);
        assertThat(made.getMaskBlur()).isEqualTo(8);
        JsonObject parameters = new JsonObject(response.body()).getJsonObject("parameters");
        assertThat(parameters.getValue("init_images")).isNull();
        assertThat(parameters.getDouble("denoising_strength")).isEqualTo(0.4);
    }

    @ParameterizedTest
    @CsvSource({"0,fill", "1,''", "2,noise", "3,nothing"})
    void whatTheMaskedPartBeginsAsHasAnotherName(int fill, String content) {
        String png = Base64.getEncoder().encodeToString(PNG);
        post(
                "img2img",
                new JsonObject()
                        .put("prompt", "x")
                        .put("init_images", new JsonArray().add(png))
                        .put("mask", png)
                        .put("inpainting_fill", fill));

        assertThat(gateway.stage.sittings().get(0).task.getGeneration().getMaskedContent())
                .isEqualTo(content);
    }

    @Test
    void imageToImageWithoutAnImageIsRefused() {
        HttpResponse<String> response = post("img2img", new JsonObject().put("prompt", "x"));

        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(new JsonObject(response.body()).getString("detail")).isEqualTo("Init image not found");
    }

    @Test
    void progressIsExactlyZeroWhereNothingRuns() {
        JsonObject idle = get("progress");

        assertThat(idle.getDouble("progress")).isZero();
        assertThat(idle.getJsonObject("state").getInteger("job_count")).isZero();
        assertThat(idle.getValue("current_image")).isNull();
    }

    @Test
    void progressShowsTheStepAndAnInterruptedRequestAnswersWithWhatThereIs() {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.step(1);
            sitting.frame(1, PNG);
        });
        CompletableFuture<HttpResponse<String>> answer = gateway.http()
                .sendAsync(
                        gateway.post("/sdapi/v1/txt2img", "{\"prompt\": \"x\", \"force_task_id\": \"mine\"}"),
                        BodyHandlers.ofString());

        await().until(() -> get("progress").getValue("current_image") != null);
        JsonObject progress = get("progress?skip_current_image=true");
        assertThat(progress.getDouble("progress")).isBetween(0.25, 0.27);
        assertThat(progress.getJsonObject("state").getInteger("sampling_step")).isEqualTo(1);
        assertThat(progress.getValue("current_image")).isNull();
        HttpResponse<String> named = gateway.send(gateway.post("/internal/progress", "{\"id_task\": \"mine\"}"));
        assertThat(new JsonObject(named.body()).getBoolean("active")).isTrue();
        HttpResponse<String> broken = gateway.send(gateway.post("/internal/progress", "{\"id_task\": 7}"));
        assertThat(new JsonObject(broken.body()).fieldNames()).containsExactly("error", "detail", "body", "errors");

        assertThat(post("interrupt", new JsonObject()).statusCode()).isEqualTo(200);
        JsonObject body = new JsonObject(answer.join().body());
        assertThat(body.getJsonArray("images")).hasSize(1);
        assertThat(get("progress").getDouble("progress")).isZero();
    }

    @Test
    void aSkippedPictureDoesNotEndTheOthers() {
        gateway.stage.script(sitting -> {
            sitting.start();
            if (sitting.task.getRef().getSample() == 1) {
                sitting.finish(PNG);
            }
        });
        CompletableFuture<HttpResponse<String>> answer = gateway.http()
                .sendAsync(
                        gateway.post("/sdapi/v1/txt2img", "{\"prompt\": \"x\", \"batch_size\": 2}"),
                        BodyHandlers.ofString());
        await().until(() -> gateway.stage.sittings().size() == 2
                && get("progress").getJsonObject("state").getInteger("job_count") == 2);

        post("skip", new JsonObject());

        assertThat(new JsonObject(answer.join().body()).getJsonArray("images")).hasSize(1);
    }

    @Test
    void aFailedPictureIsAnError() {
        gateway.stage.script(sitting -> sitting.fail("not_finite", false));

        HttpResponse<String> response = post("txt2img", new JsonObject().put("prompt", "x"));

        assertThat(response.statusCode()).isEqualTo(500);
        assertThat(new JsonObject(response.body()).getString("detail")).contains("not_finite");
        assertThat(get("progress").getDouble("progress")).isZero();
    }

    @Test
    void aClientThatLeavesCancels() {
        gateway.stage.script(Sitting::start);
        CompletableFuture<HttpResponse<String>> answer = gateway.http()
                .sendAsync(gateway.post("/sdapi/v1/txt2img", "{\"prompt\": \"x\"}"), BodyHandlers.ofString());
        await().until(() -> gateway.stage.sittings().size() == 1);

        answer.cancel(true);

        await().untilAsserted(() -> assertThat(gateway.cancels).hasSize(1));
    }

    @Test
    void optionsSwallowTheWholeObjectAndKeepTheModel() {
        JsonObject options = get("options");
        assertThat(options.getString("sd_model_checkpoint")).isEqualTo("tiny");
        HttpResponse<String> chosen =
                post("options", options.put("CLIP_stop_at_last_layers", 2).put("unheard_of", 1));
        assertThat(chosen.body()).isEqualTo("null");
        assertThat(get("options").getInteger("CLIP_stop_at_last_layers")).isEqualTo(2);
        assertThat(made(new JsonObject().put("prompt", "x")).getClipSkip()).isEqualTo(1);

        HttpResponse<String> unknown =
                post("options", new JsonObject().put("sd_model_checkpoint", "gone [0123456789]"));
        assertThat(unknown.statusCode()).isEqualTo(404);
        assertThat(new JsonObject(unknown.body()).getString("detail")).isEqualTo("Checkpoint gone not found");
    }

    @Test
    void listsHaveWhatTheModelsOffer() {
        assertThat(list("samplers"))
                .extracting(sampler -> ((JsonObject) sampler).getString("name"))
                .containsExactly("Euler", "DDIM", "PLMS");
        assertThat(list("sd-models"))
                .extracting(model -> ((JsonObject) model).getString("title"))
                .containsExactly("tiny");
        assertThat(list("schedulers").getJsonObject(0).getString("label")).isEqualTo("Automatic");
        for (String empty : List.of("sd-vae", "sd-modules", "prompt-styles", "loras")) {
            assertThat(list(empty)).as(empty).isEmpty();
        }
        assertThat(list("latent-upscale-modes"))
                .extracting(mode -> ((JsonObject) mode).getString("name"))
                .startsWith("Latent", "Latent (antialiased)")
                .hasSize(6);
        assertThat(get("memory").getJsonObject("ram").getLong("total")).isPositive();
    }

    @Test
    void anApiThatIsOffIsNotThere() {
        TestGateway off = gateway.another(TestGateway.CONFIG.withApis(Set.of(Api.OPENAI)));

        assertThat(off.fetch("/sdapi/v1/options").statusCode()).isEqualTo(404);
    }
}
