package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.job.Picture;
import dev.weir.gateway.ledger.JobLedger;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import java.util.Optional;

/**
 * {@code /view}: the pictures of prompts, at any gateway, as they are. They are not decoded, so {@code preview} and {@code channel} have
 * no effect. Event loop of the gateway.
 */
final class ViewHandler {

    private final JobLedger ledger;
    private final Answers answers;

    ViewHandler(JobLedger ledger, Answers answers) {
        this.ledger = ledger;
        this.answers = answers;
    }

    void view(RoutingContext ctx) {
        String name = Optional.ofNullable(ctx.request().getParam("filename")).orElse("");
        OutputFile file = OutputFile.parse(name).orElseThrow(() -> unknown(name));
        ledger.find(file.job())
                .<Void>map(job -> {
                    if (file.sample() >= job.spec().samples()) {
                        throw unknown(name);
                    }
                    answer(ctx, name, job.picture(file.sample()).orElseThrow(() -> unknown(name)));
                    return null;
                })
                .onFailure(ctx::fail);
    }

    private void answer(RoutingContext ctx, String name, Picture picture) {
        ctx.response()
                .putHeader(HttpHeaders.CACHE_CONTROL, "private, no-transform")
                .putHeader("Content-Disposition", "filename=\"%s\"".formatted(name.replace("\"", "")));
        answers.bytes(ctx, picture.mediaType(), Buffer.buffer(picture.bytes()));
    }

    private static ApiException unknown(String name) {
        return new ApiException(
                ApiError.invalid(404, "not_found", "there is no picture \"%.300s\"".formatted(name), "filename"));
    }
}
