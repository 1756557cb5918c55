package dev.weir.gateway.comfyui;

import dev.weir.gateway.http.Answers;
import dev.weir.gateway.http.Caller;
import dev.weir.gateway.job.ModelNames;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** What the models offer, in ComfyUI's lists. Event loop of the gateway. */
final class ListHandlers {

    /** The version whose API is followed. */
    private static final String VERSION = "0.3.60";

    private final Answers answers;
    private final ModelNames models;
    private final Uploads uploads;

    ListHandlers(Answers answers, ModelNames models, Uploads uploads) {
        this.answers = answers;
        this.models = models;
        this.uploads = uploads;
    }

    private static Map<String, Function<Offer, List<String>>> folders() {
        Map<String, Function<Offer, List<String>>> folders = new LinkedHashMap<>();
        folders.put("checkpoints", Offer::checkpoints);
        folders.put("loras", Offer::loras);
        folders.put("controlnet", Offer::controlNets);
        folders.put("embeddings", Offer::embeddings);
        folders.put("upscale_models", Offer::upscalers);
        for (String part : List.of("text_encoders", "diffusion_models", "vae")) {
            folders.put(part, Offer::parts);
        }
        return folders;
    }

    private Offer offer(RoutingContext ctx) {
        return new Offer(models, uploads.of(Caller.of(ctx)));
    }

    void objectInfo(RoutingContext ctx) {
        Offer offer = offer(ctx);
        JsonObject info = new JsonObject();
        NodeTypes.ALL.values().forEach(type -> info.put(type.name(), type.toJson(offer)));
        answers.json(ctx, 200, info);
    }

    void objectInfoOf(RoutingContext ctx) {
        JsonObject info = new JsonObject();
        NodeTypes.find(ctx.pathParam("class")).ifPresent(type -> info.put(type.name(), type.toJson(offer(ctx))));
        answers.json(ctx, 200, info);
    }

    void modelFolders(RoutingContext ctx) {
        list(ctx, List.copyOf(folders().keySet()));
    }

    void modelFolder(RoutingContext ctx) {
        Optional.ofNullable(folders().get(ctx.pathParam("folder")))
                .ifPresentOrElse(files -> list(ctx, files.apply(offer(ctx))), () -> ctx.fail(404));
    }

    void embeddings(RoutingContext ctx) {
        list(ctx, offer(ctx).embeddings());
    }

    void extensions(RoutingContext ctx) {
        list(ctx, List.of());
    }

    private void list(RoutingContext ctx, List<String> names) {
        answers.bytes(ctx, "application/json", new JsonArray(names).toBuffer());
    }

    void features(RoutingContext ctx) {
        answers.json(ctx, 200, Features.toJson());
    }

    /** Of the gateway's own process, which computes nothing. */
    void systemStats(RoutingContext ctx) {
        Runtime heap = Runtime.getRuntime();
        long total = heap.maxMemory();
        long free = total - heap.totalMemory() + heap.freeMemory();
        JsonObject system = new JsonObject()
                .put("os", System.getProperty("os.name"))
                .put("ram_total", total)
                .put("ram_free", free)
                .put("comfyui_version", VERSION)
                .put("required_frontend_version", "")
                .put("python_version", "none: Weir on Java " + Runtime.version())
                .put("pytorch_version", "none")
                .put("embedded_python", false)
                .put("argv", new JsonArray());
        JsonObject device = new JsonObject()
                .put("name", "cluster")
                .put("type", "cpu")
                .putNull("index")
                .put("vram_total", total)
                .put("vram_free", free)
                .put("torch_vram_total", total)
                .put("torch_vram_free", free);
        answers.json(ctx, 200, new JsonObject().put("system", system).put("devices", new JsonArray().add(device)));
    }
}
