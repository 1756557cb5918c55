package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.HttpException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes answers: JSON, bytes, and all errors of an API in one shape. Event loop. */
public final class Answers {

    private static final Logger log = LoggerFactory.getLogger(Answers.class);
    /** A client that reads its answer more slowly than this, after its patience, is disconnected. */
    private static final int SLOWEST_BYTES_PER_SECOND = 32 << 10;

    private static final String SHAPE = "weir.error-shape";

    private final Vertx vertx;
    private final Duration slowClient;

    public Answers(Vertx vertx, Duration slowClient) {
        this.vertx = vertx;
        this.slowClient = slowClient;
    }

    /** How an API writes errors. */
    public interface ErrorShape {

        JsonObject toJson(ApiError error);

        default int status(ApiError error) {
            return error.status();
        }
    }

    /** Has all errors of a request written in the shape of another API. Where two APIs have a path, the first one counts. */
    public static void errorsOf(RoutingContext ctx, ErrorShape shape) {
        if (ctx.get(SHAPE) == null) {
            ctx.put(SHAPE, shape);
        }
    }

    /** Handles failures of all routes, and requests without a route. */
    public void handleFailuresOf(Router router) {
        Methods methods = new Methods(router);
        for (int status : new int[] {400, 404, 406, 413, 415, 500}) {
            router.errorHandler(status, this::failed);
        }
        router.errorHandler(405, ctx -> methodFailed(ctx, methods.allowed(ctx.normalizedPath())));
        router.route().failureHandler(this::failed);
    }

    private void methodFailed(RoutingContext ctx, String allowed) {
        ctx.response().putHeader(HttpHeaderNames.ALLOW, allowed);
        if (ctx.request().method().equals(HttpMethod.OPTIONS)) {
            ctx.response().setStatusCode(204).end();
        } else {
            failed(ctx);
        }
    }

    private void failed(RoutingContext ctx) {
        if (!isGone(ctx)) {
            error(ctx, errorOf(ctx));
        }
    }

    /** Whether the client closed its connection, as any client may at any time. */
    private static boolean isGone(RoutingContext ctx) {
        return ctx.response().closed() || ctx.failure() instanceof HttpClosedException;
    }

    private static ApiError errorOf(RoutingContext ctx) {
        return errorOf(ctx, ctx.failure());
    }

    private static ApiError errorOf(RoutingContext ctx, Throwable failure) {
        return ApiError.of(failure, IdempotencyKey.HEADER).orElseGet(() -> httpErrorOf(ctx, failure));
    }

    private static ApiError httpErrorOf(RoutingContext ctx, Throwable failure) {
        int status = failure instanceof HttpException http
                ? http.getStatusCode()
                : failure != null && RequestBody.isUnreadable(ctx) ? 400 : ctx.statusCode();
        String where = ctx.request().method() + " " + ctx.request().path();
        return switch (status) {
            case 404 -> ApiError.invalid(404, "not_found", "there is nothing at " + where, null);
            case 405 -> ApiError.invalid(405, "method_not_allowed", where + " is not possible", null);
            case 413 -> ApiError.TOO_LARGE;
            case 400 -> ApiError.invalid("bad_request", "the request is malformed", null);
            default -> {
                if (status >= 400 && status < 500) {
                    yield ApiError.invalid(status, "bad_request", "the request cannot be answered", null);
                }
                log.error("{} failed", where, failure);
                yield ApiError.internal();
            }
        };
    }

    /**
     * For a client that waits for one answer. It has left when it disconnects, and when its key is removed, of which it is told.
     *
     * @param onLeft may be called more than once, also after the answer
     */
    public void attended(RoutingContext ctx, Runnable onLeft) {
        Runnable stop = Authentication.watch(ctx, removed -> {
            error(ctx, removed);
            onLeft.run();
        });
        ctx.addEndHandler(ended -> stop.run());
        ctx.response().closeHandler(gone -> onLeft.run());
        ctx.response().exceptionHandler(broken -> onLeft.run());
    }

    public void error(RoutingContext ctx, ApiError error) {
        HttpServerResponse response = ctx.response();
        if (response.ended() || response.closed()) {
            return;
        }
        if (response.headWritten()) {
            response.reset();
            return;
        }
        if (error.retryAfterSeconds() > 0) {
            response.putHeader(HttpHeaderNames.RETRY_AFTER, String.valueOf(error.retryAfterSeconds()));
        }
        if (error.status() == 413 && ctx.request().version() != HttpVersion.HTTP_2) {
            // The rest of the body is still arriving, and nobody will read it. HTTP/2 has no such header: its
            // connection is shared.
            response.putHeader(HttpHeaderNames.CONNECTION, "close");
        }
        ErrorShape shape = ctx.get(SHAPE, ApiError::toJson);
        json(ctx, shape.status(error), shape.toJson(error));
    }

    public void json(RoutingContext ctx, int status, JsonObject body) {
        if (ctx.response().ended()) {
            return;
        }
        ctx.response().setStatusCode(status);
        bytes(ctx, "application/json", body.toBuffer());
    }

    /** Does nothing where an error has been answered meanwhile. */
    public void bytes(RoutingContext ctx, String mediaType, Buffer body) {
        HttpServerResponse response = ctx.response();
        if (response.ended()) {
            return;
        }
        response.putHeader(HttpHeaderNames.CONTENT_TYPE, mediaType).putHeader("X-Content-Type-Options", "nosniff");
        if (ctx.request().method().equals(HttpMethod.HEAD)) {
            response.putHeader(HttpHeaderNames.CONTENT_LENGTH, String.valueOf(body.length()))
                    .end();
        } else {
            watch(ctx, response.end(body), body.length());
        }
    }

    /** Disconnects a client that does not read its answer, so that the answer does not stay in memory. */
    void watch(RoutingContext ctx, Future<Void> written, long bytes) {
        if (!written.isComplete()) {
            long patienceMs = slowClient.toMillis() + 1000 * bytes / SLOWEST_BYTES_PER_SECOND;
            long timer = vertx.setTimer(patienceMs, late -> Cutoff.cut(ctx.request()));
            written.onComplete(done -> vertx.cancelTimer(timer));
        }
    }
}
