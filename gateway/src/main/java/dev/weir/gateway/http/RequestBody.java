package dev.weir.gateway.http;

import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.job.ImageMemory;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.ledger.UserJobs;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * The bodies of requests: JSON, or a form with files. Their size is bounded, and so is the memory of all large ones together. A
 * body larger than the small limit must state its length, and is read beside the event loop. Event loop of the gateway.
 */
public final class RequestBody {

    private static final String GATHERING = "weir.gathering-body";
    private static final String LARGE = "weir.large-body";
    private static final long UNKNOWN = -1;
    private static final int MOST_GROWTH = 8;

    private final RequestReader reader;
    private final ReadingThreads threads;
    private final int smallBytes;
    private final int mostBytes;
    private final ImageMemory images;

    /** @param key if the request may be a repetition */
    public record Content(Fields fields, Optional<IdempotencyKey> key) {

        /** Starts a job that is queried later, or finds the one that the same request has started. */
        public Future<KeptJob> submit(UserJobs jobs, JobSpec spec) {
            return key.map(same -> jobs.submit(spec, same.key(), same.request()))
                    .orElseGet(() -> jobs.submit(spec));
        }
    }

    public RequestBody(
            GatewayConfig.Requests limits, RequestReader reader, ReadingThreads threads, ImageMemory images) {
        this.reader = reader;
        this.threads = threads;
        this.smallBytes = limits.bodyBytes();
        this.mostBytes = limits.requestBytes();
        this.images = images;
    }

    /** Gathers the body for the handlers after it. */
    public Handler<RoutingContext> gathering() {
        Handler<RoutingContext> small = BodyHandler.create(false).setBodyLimit(smallBytes);
        Handler<RoutingContext> large = BodyHandler.create(false).setBodyLimit(mostBytes);
        return ctx -> {
            ctx.put(GATHERING, true);
            long length = length(ctx);
            boolean isLarge = length > smallBytes && length <= mostBytes;
            if (isLarge) {
                images.take(length);
                ctx.addEndHandler(done -> images.give(length));
                ctx.put(LARGE, true);
            }
            if (FormBody.isForm(ctx)) {
                FormBody.gather(ctx, isLarge ? mostBytes : smallBytes);
            } else {
                (isLarge ? large : small).handle(ctx);
            }
        };
    }

    private static long length(RoutingContext ctx) {
        String length = ctx.request().getHeader(HttpHeaderNames.CONTENT_LENGTH);
        try {
            return length == null ? UNKNOWN : Long.parseLong(length);
        } catch (NumberFormatException e) {
            return UNKNOWN;
        }
    }

    /** Whether what failed was to read the body: its chunks or its form are malformed. */
    static boolean isUnreadable(RoutingContext ctx) {
        return ctx.get(GATHERING, false);
    }

    /** Reads the gathered body and goes on with it. A small one is read at once. */
    void read(RoutingContext ctx, Consumer<Content> then) {
        ctx.put(GATHERING, false);
        read(ctx, FormBody.isForm(ctx) ? form(ctx) : json(ctx, UnaryOperator.identity()), then);
    }

    /**
     * The same for JSON of another API.
     *
     * @param translation to the fields of this one; any thread
     */
    public void read(RoutingContext ctx, UnaryOperator<Fields> translation, Consumer<Content> then) {
        ctx.put(GATHERING, false);
        read(ctx, json(ctx, translation), then);
    }

    private void read(RoutingContext ctx, Supplier<Content> reading, Consumer<Content> then) {
        if (!ctx.get(LARGE, false)) {
            then.accept(reading.get());
            return;
        }
        threads.read(() -> withImages(reading.get())).onComplete(read -> {
            if (ctx.response().closed()) {
                return; // Its client has gone meanwhile, and nobody else knows of it.
            }
            if (read.failed()) {
                ctx.fail(read.cause());
                return;
            }
            try {
                then.accept(read.result());
            } catch (RuntimeException e) {
                ctx.fail(e);
            }
        });
    }

    private Content withImages(Content content) {
        return new Content(reader.readImages(content.fields()), content.key());
    }

    private Supplier<Content> form(RoutingContext ctx) {
        FormBody.Parts parts = FormBody.parts(ctx);
        Optional<String> key = IdempotencyKey.header(ctx);
        String path = ctx.request().path();
        return () ->
                new Content(limited(parts.fields()), key.map(name -> IdempotencyKey.of(name, path, parts.content())));
    }

    private Supplier<Content> json(RoutingContext ctx, UnaryOperator<Fields> translation) {
        String type = ctx.request().getHeader("Content-Type");
        if (type == null || !isJson(type)) {
            String message =
                    "Content-Type must be application/json" + (type == null ? "" : ", not %.60s".formatted(type));
            throw new ApiException(ApiError.invalid(415, "unsupported_media_type", message, null));
        }
        Buffer body = ctx.body().buffer();
        Encodings encoding = Encodings.of(ctx);
        Optional<String> key = IdempotencyKey.header(ctx);
        String path = ctx.request().path();
        return () -> {
            byte[] sent = body == null ? new byte[0] : body.getBytes();
            // Images hardly shrink, so a body that becomes many times larger holds none.
            int limit = Math.min(mostBytes, Math.max(MOST_GROWTH * smallBytes, 2 * sent.length));
            Fields fields = limited(translation.apply(Fields.parse(encoding.decoded(sent, limit))));
            return new Content(fields, key.map(name -> IdempotencyKey.of(name, path, sent)));
        };
    }

    /** Only images may be large. */
    private Fields limited(Fields fields) {
        if (fields.sizeWithoutImages() > smallBytes) {
            throw new ApiException(ApiError.TOO_LARGE);
        }
        return fields;
    }

    private static boolean isJson(String type) {
        return type.toLowerCase(Locale.ROOT).split(";", 2)[0].trim().equals("application/json");
    }
}
