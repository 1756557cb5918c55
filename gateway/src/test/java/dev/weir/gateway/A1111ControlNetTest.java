package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.Control;
import dev.weir.proto.v1.ControlNet;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Units of the extension sd-webui-controlnet in requests of Automatic1111's API. */
final class A1111ControlNetTest {

    private static final ControlNet EDGES = ControlNet.newBuilder()
            .setName("control_canny")
            .setFingerprint("abc")
            .setStage("denoiser")
            .build();

    private TestGateway gateway;

    @BeforeEach
    void open() {
        gateway = new TestGateway();
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.finish(AttachmentsTest.PHOTO);
        });
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .addModels(ModelStatus.newBuilder()
                        .setId("steered")
                        .addAllStages(List.of("text-encoder", "denoiser", "decoder"))
                        .setCard(TestGateway.CARD.toBuilder().setId("steered").addControlnets(EDGES)))
                .build());
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    /** Of 40x30 pixels. */
    private static String photo() {
        return Base64.getEncoder().encodeToString(AttachmentsTest.PHOTO);
    }

    private static JsonObject unit() {
        return new JsonObject()
                .put("enabled", true)
                .put("model", "control_canny [d14c016b]")
                .put("image", photo())
                .put("resize_mode", "Just Resize");
    }

    private HttpResponse<String> post(String path, JsonObject more, JsonObject... units) {
        JsonObject scripts = new JsonObject()
                .put("ControlNet", new JsonObject().put("args", new JsonArray(List.of((Object[]) units))));
        return gateway.send(gateway.post(
                "/sdapi/v1/" + path,
                new JsonObject()
                        .put("prompt", "x")
                        .put("override_settings", new JsonObject().put("sd_model_checkpoint", "steered"))
                        .put("alwayson_scripts", scripts)
                        .mergeIn(more)
                        .encode()));
    }

    private List<Control> controls(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        Generation made = gateway.stage.sittings().get(0).task.getGeneration();
        return made.getControlsList();
    }

    @Test
    void unitsAreControlNetsOfTheRequest() {
        JsonObject canny = unit().put("module", "canny")
                .put("weight", 0.5)
                .put("guidance_start", 0.1)
                .put("guidance_end", 0.6)
                .put("threshold_a", 100)
                .put("threshold_b", 200)
                .put("control_mode", 0)
                .put("pixel_perfect", true);
        JsonObject off = new JsonObject().put("enabled", false).put("model", "None");

        List<Control> controls = controls(post("txt2img", new JsonObject(), unit(), off, canny));

        Control.Builder first = Control.newBuilder()
                .setNet(EDGES)
                .setImage("controlnets[0].image")
                .setPreprocess("none")
                .setScale(1)
                .setEnd(1);
        assertThat(controls)
                .containsExactly(
                        first.build(),
                        first.setImage("controlnets[1].image")
                                .setPreprocess("canny")
                                .setScale(0.5f)
                                .setStart(0.1)
                                .setEnd(0.6)
                                .build());
    }

    @Test
    void aUnitWithoutAPictureUsesTheImageThatIsChanged() {
        JsonObject image = new JsonObject().put("init_images", new JsonArray().add(photo()));
        JsonObject unit = unit();
        unit.remove("image");

        assertThat(controls(post("img2img", image, unit))).hasSize(1);
        assertThat(post("txt2img", new JsonObject(), unit).body())
                .contains("alwayson_scripts.ControlNet.args[0].image is required");
    }

    @Test
    void aPictureOfTheSameProportionsNeedsNoStretching() {
        JsonObject cropping = unit().put("resize_mode", "Crop and Resize");
        JsonObject size = new JsonObject().put("width", 64).put("height", 48);

        assertThat(controls(post("txt2img", size, cropping))).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({
        "module,openpose,openpose",
        "model,gone,gone",
        "threshold_a,64,threshold_a",
        "control_mode,ControlNet is more important,control_mode",
        "control_mode,2,control_mode",
        "resize_mode,Resize and Fill,resize_mode",
        "mask,AAAA,mask",
        "weight,3,weight",
        "processor_res,512,processor_res"
    })
    void whatIsComputedOtherwiseIsRefusedByName(String field, String value, String named) {
        Object given = value.matches("\\d+") ? (Object) Integer.valueOf(value) : value;
        JsonObject square = new JsonObject().put("width", 64).put("height", 64);
        HttpResponse<String> response = post(
                "txt2img",
                square,
                unit().put("module", "canny")
                        .put("pixel_perfect", field.equals("resize_mode"))
                        .put(field, given));

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(new JsonObject(response.body()).getString("detail"))
                .startsWith("alwayson_scripts.ControlNet.args[0].")
                .contains(named);
    }

    @Test
    void aUnitIsNamedByItsPlaceAmongAll() {
        JsonObject off = unit().put("enabled", false);

        assertThat(post("txt2img", new JsonObject(), off, unit().put("model", "gone"))
                        .body())
                .contains("alwayson_scripts.ControlNet.args[1].model ");
    }

    @Test
    void fourUnitsAreTooMany() {
        assertThat(post("txt2img", new JsonObject(), unit(), unit(), unit(), unit())
                        .body())
                .contains("at most 3");
    }

    @Test
    void listsHaveTheNetsAndTheScript() {
        assertThat(new JsonObject(gateway.fetch("/controlnet/model_list").body()).getJsonArray("model_list"))
                .containsExactly("control_canny");
        assertThat(new JsonObject(gateway.fetch("/controlnet/module_list").body()).getJsonArray("module_list"))
                .contains("none", "canny");
        assertThat(new JsonObject(gateway.fetch("/sdapi/v1/scripts").body()).getJsonArray("txt2img"))
                .containsExactly("controlnet");
    }
}
