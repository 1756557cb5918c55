package dev.weir.gateway.replicate;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.http.Methods;
import dev.weir.gateway.http.PublicAddress;
import dev.weir.gateway.job.ModelNames;
import dev.weir.proto.v1.ModelCard;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Instant;

/**
 * {@code GET /v1/models/OWNER/NAME} and its versions. Each model has one version, whose id is that of the model. Event loop of the gateway.
 */
final class ModelHandlers {

    private static final String PATH = "/v1/models/:owner/:name";
    private static final String VERSIONS = PATH + "/versions";

    private final ModelNames models;
    private final Answers answers;
    private final String started = Instant.now().toString();

    ModelHandlers(ModelNames models, Answers answers) {
        this.models = models;
        this.answers = answers;
    }

    void mount(Router router) {
        Methods.get(router, PATH).handler(ctx -> answers.json(ctx, 200, model(ctx)));
        Methods.get(router, VERSIONS)
                .handler(ctx -> answers.json(ctx, 200, ReplicateApi.page(new JsonArray().add(version(card(ctx))))));
        // The id of a model may have slashes.
        Methods.get(router, VERSIONS + "/*").handler(ctx -> answers.json(ctx, 200, version(ctx)));
    }

    private ModelCard card(RoutingContext ctx) {
        return models.find(PredictionRequest.known(named(ctx), models)).orElseThrow(() -> notFound("model"));
    }

    private static String named(RoutingContext ctx) {
        return ctx.pathParam("owner") + "/" + ctx.pathParam("name");
    }

    private JsonObject model(RoutingContext ctx) {
        ModelCard card = card(ctx);
        return new JsonObject()
                .put("url", PublicAddress.of(ctx).url("/v1/models/" + named(ctx)))
                .put("owner", ctx.pathParam("owner"))
                .put("name", ctx.pathParam("name"))
                .put("description", "A model of Weir")
                .put("visibility", "private")
                .putNull("github_url")
                .putNull("paper_url")
                .putNull("license_url")
                .put("run_count", 0)
                .putNull("cover_image_url")
                .putNull("default_example")
                .put("latest_version", version(card));
    }

    private JsonObject version(RoutingContext ctx) {
        ModelCard card = card(ctx);
        if (!ctx.pathParam("*").equals(card.getId())) {
            throw notFound("version");
        }
        return version(card);
    }

    private JsonObject version(ModelCard card) {
        return new JsonObject()
                .put("id", card.getId())
                .put("created_at", started)
                .put("cog_version", "0.9.0")
                .put("openapi_schema", InputSchema.of(card));
    }

    private static ApiException notFound(String what) {
        return new ApiException(ApiError.invalid(404, "not_found", "there is no such " + what, null));
    }
}
