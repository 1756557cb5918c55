package dev.weir.gateway.a1111;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.PictureJobs;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.http.RequestBody;
import dev.weir.gateway.job.ModelNames;
import dev.weir.picture.PictureException;
import dev.weir.picture.PngText;
import dev.weir.proto.v1.ControlNet;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Upscaler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** What the gateway has, in Automatic1111's lists; the caller's options; and the text of pictures. Event loop. */
final class ListHandlers {

    /** Of the interface of sd-webui-controlnet. */
    private static final int CONTROLNET_VERSION = 3;

    /** What that program says of those without a network. */
    private static final int FILTERS_SCALE = 4;

    private static final Map<String, Integer> RHO = Map.of("karras", 7);

    private final RequestBody body;
    private final Answers answers;
    private final Callers callers;
    private final ModelNames models;
    private final PictureJobs pictures;

    ListHandlers(RequestBody body, Answers answers, Callers callers, ModelNames models, PictureJobs pictures) {
        this.body = body;
        this.answers = answers;
        this.callers = callers;
        this.models = models;
        this.pictures = pictures;
    }

    void mount(Router router) {
        list(router, "samplers", this::samplers);
        list(router, "schedulers", ListHandlers::schedulers);
        list(router, "sd-models", this::checkpoints);
        list(router, "loras", this::loras);
        list(
                router,
                "upscalers",
                () -> new JsonArray(Upscale.names(pictures.upscalers()).stream()
                        .map(this::upscaler)
                        .toList()));
        list(
                router,
                "latent-upscale-modes",
                () -> new JsonArray(Hires.LATENT.keySet().stream()
                        .map(name -> new JsonObject().put("name", name))
                        .toList()));
        // Weir has none of these. Clients ask for them at their start and expect lists.
        for (String none : List.of(
                "sd-vae",
                "sd-modules",
                "hypernetworks",
                "face-restorers",
                "realesrgan-models",
                "prompt-styles",
                "script-info",
                "extensions")) {
            list(router, none, JsonArray::new);
        }
        object(router, "embeddings", () -> new JsonObject()
                .put("loaded", new JsonObject())
                .put("skipped", new JsonObject()));
        object(router, "scripts", () -> new JsonObject()
                .put("txt2img", scripts())
                .put("img2img", scripts()));
        answer(router, "/controlnet/model_list", () -> new JsonObject().put("model_list", controlNets()));
        answer(router, "/controlnet/module_list", () -> new JsonObject()
                .put("module_list", new JsonArray(List.of("none", "canny", "invert", "blur"))));
        answer(router, "/controlnet/version", () -> new JsonObject().put("version", CONTROLNET_VERSION));
        object(router, "cmd-flags", () -> new JsonObject().put("api", true));
        object(router, "memory", ListHandlers::memory);
        for (String nothing : List.of("refresh-checkpoints", "refresh-vae", "refresh-embeddings", "refresh-loras")) {
            router.post("/sdapi/v1/" + nothing).handler(this::nothing);
        }
        router.get("/sdapi/v1/options")
                .handler(ctx -> answers.json(ctx, 200, callers.options(ctx).toJson(first())));
        router.post("/sdapi/v1/options")
                .handler(body.gathering())
                .handler(ctx -> body.read(ctx, fields -> fields, read -> choose(ctx, read.fields())));
        router.post("/sdapi/v1/png-info").handler(body.gathering()).handler(this::pngInfo);
    }

    private void list(Router router, String name, Supplier<JsonArray> content) {
        router.get("/sdapi/v1/" + name)
                .handler(ctx ->
                        answers.bytes(ctx, "application/json", content.get().toBuffer()));
    }

    private void object(Router router, String name, Supplier<JsonObject> content) {
        answer(router, "/sdapi/v1/" + name, content);
    }

    private void answer(Router router, String path, Supplier<JsonObject> content) {
        router.get(path).handler(ctx -> answers.json(ctx, 200, content.get()));
    }

    /** Clients use the extension where this list has it. */
    private JsonArray scripts() {
        return controlNets().isEmpty() ? new JsonArray() : new JsonArray().add("controlnet");
    }

    private JsonArray controlNets() {
        return new JsonArray(models.cards().stream()
                .flatMap(card -> card.getControlnetsList().stream())
                .map(ControlNet::getName)
                .distinct()
                .toList());
    }

    private void nothing(RoutingContext ctx) {
        answers.bytes(ctx, "application/json", Buffer.buffer("null"));
    }

    private String first() {
        return models.cards().stream().findFirst().map(ModelCard::getId).orElse("");
    }

    private void choose(RoutingContext ctx, Fields fields) {
        Options chosen = callers.options(ctx).with(fields);
        chosen.card(models);
        callers.choose(ctx, chosen);
        nothing(ctx);
    }

    private JsonArray samplers() {
        Set<String> offered = models.cards().stream()
                .flatMap(card -> card.getSamplersList().stream())
                .map(sampler -> SamplerName.shown(sampler.getName()))
                .collect(Collectors.toSet());
        JsonArray list = new JsonArray();
        SamplerName.ALL.stream()
                .filter(name -> offered.contains(name.name()))
                .forEach(name -> list.add(new JsonObject()
                        .put("name", name.name())
                        .put("aliases", new JsonArray(name.aliases()))
                        .put("options", new JsonObject())));
        return list;
    }

    private static JsonArray schedulers() {
        return new JsonArray()
                .add(scheduler(SamplerName.AUTOMATIC))
                .add(scheduler("uniform"))
                .add(scheduler("karras"))
                .add(scheduler("exponential"))
                .add(scheduler("normal"))
                .add(scheduler("beta"));
    }

    private static JsonObject scheduler(String name) {
        return new JsonObject()
                .put("name", name)
                .put("label", name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1))
                .putNull("aliases")
                .put("default_rho", RHO.getOrDefault(name, -1))
                .put("need_inner_model", false);
    }

    private JsonArray checkpoints() {
        JsonArray list = new JsonArray();
        models.cards()
                .forEach(card -> list.add(new JsonObject()
                        .put("title", card.getId())
                        .put("model_name", card.getId())
                        .putNull("hash")
                        .putNull("sha256")
                        .put("filename", card.getId())
                        .putNull("config")));
        return list;
    }

    private JsonArray loras() {
        JsonArray list = new JsonArray();
        models.cards().stream()
                .flatMap(card -> card.getLorasList().stream())
                .map(Lora::getName)
                .distinct()
                .forEach(name -> list.add(new JsonObject()
                        .put("name", name)
                        .put("alias", name)
                        .put("path", name)
                        .put("metadata", new JsonObject())));
        return list;
    }

    private JsonObject upscaler(String name) {
        Optional<Upscaler> network = Upscale.find(pictures.upscalers(), name);
        return new JsonObject()
                .put("name", name)
                .put("model_name", network.map(Upscaler::getName).orElse(null))
                .putNull("model_path")
                .putNull("model_url")
                .put("scale", network.map(Upscaler::getScale).orElse(FILTERS_SCALE));
    }

    private static JsonObject memory() {
        Runtime heap = Runtime.getRuntime();
        JsonObject ram = new JsonObject()
                .put("free", heap.maxMemory() - heap.totalMemory() + heap.freeMemory())
                .put("used", heap.totalMemory() - heap.freeMemory())
                .put("total", heap.maxMemory());
        return new JsonObject()
                .put("ram", ram)
                .put("cuda", new JsonObject().put("error", "the gateway computes nothing; see /v1/cluster"));
    }

    private void pngInfo(RoutingContext ctx) {
        JsonObject[] answer = new JsonObject[1];
        body.read(
                ctx,
                fields -> {
                    answer[0] = pngInfo(fields);
                    return Fields.of(Map.of());
                },
                read -> answers.json(ctx, 200, answer[0]));
    }

    /** Any thread. */
    private static JsonObject pngInfo(Fields fields) {
        String image = fields.text("image").orElseThrow(() -> fields.missing("image"));
        try {
            byte[] file = Base64.getMimeDecoder().decode(image.substring(image.indexOf(',') + 1));
            Map<String, String> texts = PngText.of(file);
            String info = texts.getOrDefault(PicturesAnswer.KEYWORD, "");
            JsonObject items = new JsonObject();
            texts.forEach(items::put);
            JsonObject parameters = new JsonObject();
            if (!info.isEmpty()) {
                Infotext.parse(info).forEach(parameters::put);
            }
            return new JsonObject().put("info", info).put("items", items).put("parameters", parameters);
        } catch (IllegalArgumentException | PictureException e) {
            throw new ApiException(ApiError.invalid(404, "invalid_image", "Invalid image: " + e.getMessage(), "image"));
        }
    }
}
