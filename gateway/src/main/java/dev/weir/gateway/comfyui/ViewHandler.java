package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.http.Authentication;
import dev.weir.gateway.http.Caller;
import dev.weir.gateway.job.Attachment;
import dev.weir.gateway.job.Picture;
import dev.weir.gateway.ledger.JobLedger;
import dev.weir.picture.PngText;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * {@code /view}: the pictures of prompts, at any gateway, and uploads of the caller at this one. They are not decoded, so {@code preview} and {@code channel} have
 * no effect. Event loop of the gateway.
 */
final class ViewHandler {

    private static final Pattern ODD = Pattern.compile("[^\\w .()-]");

    private final JobLedger ledger;
    private final Answers answers;
    private final Uploads uploads;
    private final History history;

    ViewHandler(JobLedger ledger, Answers answers, Uploads uploads, History history) {
        this.ledger = ledger;
        this.answers = answers;
        this.uploads = uploads;
        this.history = history;
    }

    void view(RoutingContext ctx) {
        String name = Optional.ofNullable(ctx.request().getParam("filename")).orElse("");
        if ("input".equals(ctx.request().getParam("type"))) {
            upload(ctx, name);
            return;
        }
        OutputFile file = OutputFile.parse(name).orElseThrow(() -> unknown(name));
        ledger.of(Authentication.user(ctx))
                .find(file.job())
                .<Void>map(job -> {
                    if (file.sample() >= job.spec().samples()) {
                        throw unknown(name);
                    }
                    Picture picture = job.picture(file.sample()).orElseThrow(() -> unknown(name));
                    byte[] shown = new Made(
                                    file.job(),
                                    file.sample(),
                                    picture,
                                    job.spec().generation().getKeepsLatent())
                            .shown()
                            .bytes();
                    answer(ctx, name, picture.mediaType(), PngText.with(shown, history.texts(file.job())));
                    return null;
                })
                .onFailure(ctx::fail);
    }

    private void upload(RoutingContext ctx, String name) {
        String folder = Optional.ofNullable(ctx.request().getParam("subfolder")).orElse("");
        Uploads.Image image = uploads.find(Caller.of(ctx), folder.isEmpty() ? name : folder + "/" + name)
                .orElseThrow(() -> unknown(name));
        Attachment file = image.file().image();
        answer(ctx, name, file.contentType(), file.bytes());
    }

    private void answer(RoutingContext ctx, String name, String mediaType, byte[] file) {
        ctx.response()
                .putHeader(HttpHeaders.CACHE_CONTROL, "private, no-transform")
                .putHeader(
                        "Content-Disposition",
                        "filename=\"%s\"".formatted(ODD.matcher(name).replaceAll("_")));
        answers.bytes(ctx, mediaType, Buffer.buffer(file));
    }

    private static ApiException unknown(String name) {
        return new ApiException(
                ApiError.invalid(404, "not_found", "there is no picture \"%.300s\"".formatted(name), "filename"));
    }
}
