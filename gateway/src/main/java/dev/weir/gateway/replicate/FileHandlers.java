package dev.weir.gateway.replicate;

import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.ReadImage;
import dev.weir.gateway.api.UploadStore;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.http.ApiParts;
import dev.weir.gateway.http.Caller;
import dev.weir.gateway.http.FormBody;
import dev.weir.gateway.http.Methods;
import dev.weir.gateway.http.PublicAddress;
import dev.weir.gateway.http.RequestBody;
import dev.weir.gateway.http.UploadedImages;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * {@code /v1/files}: images that a caller uploads and names in predictions by their URLs. They are in this gateway's memory, for an hour or
 * until there is no room. Event loop of the gateway.
 */
final class FileHandlers {

    static final String PATH = "/v1/files";

    private static final String CONTENT = "content";
    private static final String METADATA = "metadata";
    private static final int LONGEST_NAME = 256;
    private static final int MOST_METADATA = 4 << 10;
    private static final Duration LIFE = Duration.ofHours(1);
    private static final Duration SWEEP = Duration.ofMinutes(1);

    private final UploadedImages images;
    private final Answers answers;
    private final UploadStore<UploadedFile> files;

    FileHandlers(ApiParts parts) {
        this.images = new UploadedImages(parts);
        this.answers = parts.answers();
        GatewayConfig.Limits limits = parts.config().limits();
        long most = Math.min(
                limits.requests().attachmentsPerSocketBytes(), limits.memory().attachmentsBytes() / 8);
        this.files = new UploadStore<>(most, parts.images(), UploadedFile::bytes);
        parts.vertx().setPeriodic(SWEEP.toMillis(), tick -> {
            long now = System.currentTimeMillis();
            files.removeIf(file -> file.expiresMs() < now);
        });
    }

    void mount(Router router, RequestBody body) {
        router.post(PATH).handler(body.gathering()).handler(this::upload);
        Methods.get(router, PATH).handler(this::list);
        Methods.get(router, PATH + "/:file").handler(this::get);
        router.delete(PATH + "/:file").handler(this::delete);
    }

    /** The files that predictions of the caller may name now. */
    Map<String, UploadedFile> of(RoutingContext ctx) {
        return files.of(Caller.of(ctx));
    }

    private void upload(RoutingContext ctx) {
        FormBody.Parts form = FormBody.parts(ctx);
        JsonObject metadata = metadata(form);
        String name = name(form);
        images.read(ctx, form, CONTENT, image -> {
            UploadedFile file = made(name, image, metadata);
            files.put(Caller.of(ctx), file.id(), file);
            answers.json(ctx, 201, file.toJson(base(ctx)));
        });
    }

    private static UploadedFile made(String name, ReadImage.Fine image, JsonObject metadata) {
        long now = System.currentTimeMillis();
        return new UploadedFile(
                UUID.randomUUID().toString().replace("-", ""), name, image, metadata, now, now + LIFE.toMillis());
    }

    private static String name(FormBody.Parts form) {
        String name = form.texts().getOrDefault("filename", form.fileName(CONTENT));
        if (name.length() > LONGEST_NAME || name.chars().anyMatch(Character::isISOControl)) {
            throw invalid(
                    "filename", "must have at most %d characters and no control characters".formatted(LONGEST_NAME));
        }
        return name;
    }

    /** The library for Python sends it as a text, and that for JavaScript as a file. */
    private static JsonObject metadata(FormBody.Parts form) {
        byte[] json = form.texts().containsKey(METADATA)
                ? form.texts().get(METADATA).getBytes(StandardCharsets.UTF_8)
                : form.files().getOrDefault(METADATA, new byte[] {'{', '}'});
        if (json.length > MOST_METADATA) {
            throw invalid(METADATA, "must have at most %d bytes".formatted(MOST_METADATA));
        }
        try {
            return Fields.parse(json).toJson();
        } catch (ApiException e) {
            throw invalid(METADATA, "must be a JSON object");
        }
    }

    private void list(RoutingContext ctx) {
        List<UploadedFile> newest = new ArrayList<>(of(ctx).values());
        Collections.reverse(newest);
        JsonArray results = new JsonArray();
        newest.forEach(file -> results.add(file.toJson(base(ctx))));
        answers.json(ctx, 200, ReplicateApi.page(results));
    }

    private void get(RoutingContext ctx) {
        UploadedFile file = files.find(Caller.of(ctx), ctx.pathParam("file")).orElseThrow(FileHandlers::notFound);
        answers.json(ctx, 200, file.toJson(base(ctx)));
    }

    private void delete(RoutingContext ctx) {
        if (!files.remove(Caller.of(ctx), ctx.pathParam("file"))) {
            throw notFound();
        }
        ctx.response().setStatusCode(204).end();
    }

    private static String base(RoutingContext ctx) {
        return PublicAddress.of(ctx).url("");
    }

    private static ApiException notFound() {
        return new ApiException(ApiError.invalid(404, "not_found", "there is no such file", null));
    }

    private static ApiException invalid(String field, String problem) {
        return new ApiException(ApiError.invalid("invalid_value", field + " " + problem, field));
    }
}
