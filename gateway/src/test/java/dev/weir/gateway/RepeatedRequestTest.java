package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The request that a job shows makes the same images again, with the images that it brought. */
final class RepeatedRequestTest {

    private static final String PHOTO = Base64.getEncoder().encodeToString(AttachmentsTest.PHOTO);

    private final TestGateway gateway = new TestGateway();

    RepeatedRequestTest() {
        gateway.stage.script(Sitting::paint);
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .addModels(model(TestGateway.CARD.toBuilder()
                        .setId("adaptable")
                        .addLoras(Lora.newBuilder()
                                .setName("style")
                                .setFingerprint("1")
                                .addStages("text-encoder")
                                .addStages("denoiser"))))
                .addModels(model(TestGateway.CARD.toBuilder()
                        .setId("classes")
                        .clearWorkflows()
                        .addWorkflows(TestCards.withoutText(TestCards.number("class_label", 9)))))
                .build());
    }

    private static ModelStatus.Builder model(ModelCard.Builder card) {
        return ModelStatus.newBuilder()
                .setId(card.getId())
                .addAllStages(List.of("text-encoder", "denoiser", "decoder"))
                .setCard(card);
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    /** The request as the job shows it, after the job is over. */
    private JsonObject shown(JsonObject request) {
        HttpResponse<String> accepted = gateway.send(gateway.post("/v1/jobs", request.encode()));
        assertThat(accepted.statusCode()).as(accepted.body()).isEqualTo(202);
        String job = "/v1/jobs/" + new JsonObject(accepted.body()).getString("id");
        await().until(() -> new JsonObject(gateway.fetch(job).body()).getString("status"), "completed"::equals);
        return new JsonObject(gateway.fetch(job).body()).getJsonObject("request");
    }

    private Generation last() {
        List<Sitting> sittings = gateway.stage.sittings();
        return sittings.get(sittings.size() - 1).task.getGeneration();
    }

    @Test
    void everyFieldThatChangesTheImagesIsShown() {
        JsonObject request = new JsonObject()
                .put("model", "adaptable")
                .put("prompt", "an apple")
                .put("negative_prompt", "worms")
                .put("seed", 7)
                .put("num_inference_steps", 7)
                .put("guidance_scale", 3.5)
                .put("guidance_rescale", 0.25)
                .put("guidance_start", 0.1)
                .put("guidance_end", 0.6)
                .put("guidance_reuse", true)
                .put("sampler", "euler")
                .put("schedule", "karras")
                .put("noise", "cuda")
                .put("clip_skip", 1)
                .put("original_size", "96x80")
                .put("crop", "3,5")
                .put("prompt_syntax", "a1111")
                .put("strength", 0.5)
                .put("mask_blur", 2.5)
                .put("masked_content", "noise")
                .put("padding_mask_crop", 16)
                .put("output_format", "webp")
                .put("output_compression", 55)
                .put(
                        "loras",
                        new JsonArray()
                                .add(new JsonObject()
                                        .put("name", "style")
                                        .put("weight", 1)
                                        .put("text_weight", 0.5)));
        JsonObject images = new JsonObject().put("init_image", PHOTO).put("mask", PHOTO);

        JsonObject shown = shown(request.copy().mergeIn(images));
        Generation first = last();
        JsonObject again = shown(shown.copy().mergeIn(images));

        assertThat(last()).isEqualTo(first);
        assertThat(again).isEqualTo(shown);
        for (String field : request.fieldNames()) {
            assertThat(shown.containsKey(field)).as(field).isTrue();
        }
        assertThat(first.getLorasList()).hasSize(2);
        assertThat(first.getMaskedContent()).isEqualTo("noise");
    }

    @Test
    void aModelWithoutTextTakesItsOwnRequestAgain() {
        JsonObject shown = shown(new JsonObject().put("model", "classes").put("class_label", 3));
        Generation first = last();

        assertThat(shown(shown)).isEqualTo(shown);
        assertThat(last()).isEqualTo(first);
        assertThat(gateway.generate(new JsonObject().put("model", "classes").put("guidance_scale", 2))
                        .statusCode())
                .isEqualTo(400);
    }
}
