package dev.weir.gateway;

import static dev.weir.gateway.TestKeys.bearer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.MoodyMemory.Mood;
import dev.weir.gateway.TestStage.Sitting;
import dev.weir.gateway.user.Keys;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How much the user of a key may have made, at all gateways together. */
final class AllowanceTest {

    @TempDir
    Path folder;

    private TestKeys keys;
    private TestGateway gateway;

    private void start(String annas) {
        keys = new TestKeys(folder, annas);
        gateway = new TestGateway(keys.in(TestGateway.CONFIG));
        gateway.stage.script(Sitting::start);
    }

    private TestGateway another() {
        return gateway.another(keys.in(TestGateway.CONFIG));
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private HttpResponse<String> submit(TestGateway at, String key, int images) {
        return at.send(at.request("/v1/jobs")
                .header("Authorization", bearer(key))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(new JsonObject()
                        .put("prompt", "an apple")
                        .put("n", images)
                        .encode()))
                .build());
    }

    private static void assertRefused(HttpResponse<String> response, String code) {
        assertThat(response.statusCode()).isEqualTo(429);
        JsonObject error = new JsonObject(response.body()).getJsonObject("error");
        assertThat(error.getString("code")).isEqualTo(code);
        assertThat(error.getString("message")).startsWith("anna has");
    }

    @Test
    void unfinishedImagesAreCountedAtAllGateways() {
        start("images-in-flight: 2");
        TestGateway second = another();
        assertThat(submit(gateway, keys.anna, 2).statusCode()).isEqualTo(202);

        assertRefused(submit(gateway, keys.anna, 1), "too_many_images");
        await().untilAsserted(() -> assertRefused(submit(second, keys.anna, 1), "too_many_images"));
        assertThat(submit(second, keys.bob, 3).statusCode()).isEqualTo(202);

        gateway.stage.sittings().stream()
                .filter(sitting -> sitting.task.getUser().equals("anna"))
                .forEach(Sitting::finish);
        await().until(() -> submit(gateway, keys.anna, 1).statusCode() == 202);
    }

    @Test
    void imagesOfAMinuteAreCountedAtAllGateways() {
        start("images-per-minute: 3");
        TestGateway second = another();
        gateway.stage.script(Sitting::paint);
        assertThat(submit(gateway, keys.anna, 2).statusCode()).isEqualTo(202);

        HttpResponse<String> refused = submit(gateway, keys.anna, 2);
        assertRefused(refused, "rate_limit_exceeded");
        assertThat(Long.parseLong(refused.headers().firstValue("Retry-After").orElseThrow()))
                .isBetween(1L, 60L);
        assertThat(submit(gateway, keys.anna, 1).statusCode()).isEqualTo(202);
        assertThat(submit(gateway, keys.bob, 4).statusCode()).isEqualTo(202);
        assertRefused(submit(gateway, keys.anna, 1), "rate_limit_exceeded");

        await().untilAsserted(() -> assertRefused(submit(second, keys.anna, 4), "rate_limit_exceeded"));
        await().untilAsserted(
                        () -> assertThat(submit(second, keys.anna, 4).body()).contains("anna has had 3 images"));
    }

    @Test
    void pixelStepsOfADayAreWidthTimesHeightTimesSteps() {
        start("pixel-steps-per-day: " + 64 * 64 * 4 * 3);
        assertThat(submit(gateway, keys.anna, 2).statusCode()).isEqualTo(202);

        HttpResponse<String> refused = submit(gateway, keys.anna, 2);
        assertRefused(refused, "quota_exceeded");
        assertThat(Long.parseLong(refused.headers().firstValue("Retry-After").orElseThrow()))
                .isBetween(1L, 86_400L);
        assertThat(submit(gateway, keys.anna, 1).statusCode()).isEqualTo(202);
        assertRefused(submit(gateway, keys.anna, 1), "quota_exceeded");
        HttpResponse<String> never = submit(gateway, keys.anna, 10);
        assertRefused(never, "quota_exceeded");
        assertThat(never.headers().firstValue("Retry-After")).isEmpty();
    }

    private HttpResponse<String> secondPass(int batch) {
        return gateway.send(gateway.request("/sdapi/v1/txt2img")
                .header("Authorization", bearer(keys.anna))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(
                        """
                        {"prompt": "an apple", "steps": 4, "width": 32, "height": 32, "enable_hr": true, "denoising_strength": 0.5,
                         "hr_upscaler": "Lanczos", "batch_size": %d}"""
                                .formatted(batch)))
                .build());
    }

    /** Of eight steps the second pass does four. */
    @Test
    void aRequestOfTwoPassesIsAdmittedAsAWhole() {
        start("images-per-minute: 2, images-in-flight: 2, pixel-steps-per-day: " + 2 * (32 * 32 * 4 + 64 * 64 * 4));
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.finish(AttachmentsTest.PHOTO);
        });

        HttpResponse<String> made = secondPass(2);

        assertThat(made.statusCode()).as(made.body()).isEqualTo(200);
        assertThat(gateway.stage.sittings()).hasSize(4);
        HttpResponse<String> refused = secondPass(1);
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.body()).contains("anna has had 2 images in a minute");
    }

    @Test
    void aSecondPassThatIsTooMuchIsRefusedBeforeTheFirst() {
        start("pixel-steps-per-day: " + (32 * 32 * 4 + 64 * 64 * 4 - 1));

        HttpResponse<String> refused = secondPass(1);

        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.body()).contains("anna has had 0.000 pixel steps today");
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    @Test
    void aJobThatCannotBeRecordedDoesNotCount() {
        Vertx vertx = Vertx.vertx();
        MoodyMemory memory = new MoodyMemory(vertx);
        keys = new TestKeys(folder, "images-per-minute: 3");
        gateway = new TestGateway(keys.in(TestGateway.CONFIG), vertx, memory);
        gateway.stage.script(Sitting::start);
        memory.mood = Mood.REFUSING;
        assertThat(submit(gateway, keys.anna, 3).statusCode()).isEqualTo(503);

        memory.mood = Mood.WELL;

        assertThat(submit(gateway, keys.anna, 3).statusCode()).isEqualTo(202);
        assertRefused(submit(gateway, keys.anna, 1), "rate_limit_exceeded");
    }

    /** The counts of a user who is new in the file are asked for as soon as the file is read. */
    @Test
    void aNewUserIsServedAtOnce() {
        start("");
        String carol = Keys.random();
        keys.write(TestKeys.entry("carol", carol, "images-per-minute: 3"));

        List<Integer> statuses = new ArrayList<>();
        await().until(() -> {
            statuses.add(submit(gateway, carol, 3).statusCode());
            return statuses.get(statuses.size() - 1) != 401;
        });

        assertThat(statuses.get(statuses.size() - 1)).isEqualTo(202);
        assertThat(submit(gateway, carol, 1).statusCode()).isEqualTo(429);
    }

    @Test
    void stagesHearTheWeightOfAKey() {
        start("weight: 2.5");
        submit(gateway, keys.anna, 1);
        submit(gateway, keys.bob, 1);
        await().until(() -> gateway.stage.sittings().size() == 2);

        assertThat(gateway.stage.sittings())
                .extracting(sitting -> sitting.task.getUserWeight())
                .containsExactly(2.5, 1.0);
    }
}
