package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.http.Authentication;
import dev.weir.gateway.http.Caller;
import dev.weir.gateway.http.RequestBody;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.math.BigInteger;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** {@code /queue}, {@code /history} and {@code /interrupt}: the prompts of a caller. Event loop of the gateway. */
final class QueueHandlers {

    private static final Pattern WHOLE = Pattern.compile("[+-]?[0-9]{1,1000}");
    private static final BigInteger LEAST = BigInteger.valueOf(Integer.MIN_VALUE);
    private static final BigInteger MOST = BigInteger.valueOf(Integer.MAX_VALUE);

    private static final String JSON = "application/json";

    private final RequestBody body;
    private final Answers answers;
    private final Queue queue;
    private final History history;

    QueueHandlers(RequestBody body, Answers answers, Queue queue, History history) {
        this.body = body;
        this.answers = answers;
        this.queue = queue;
        this.history = history;
    }

    void info(RoutingContext ctx) {
        JsonObject exec = new JsonObject().put("queue_remaining", queue.remaining(Caller.of(ctx)));
        answers.json(ctx, 200, new JsonObject().put("exec_info", exec));
    }

    void queue(RoutingContext ctx) {
        String caller = Caller.of(ctx);
        answers.json(
                ctx,
                200,
                new JsonObject()
                        .put("queue_running", queue.list(caller, true))
                        .put("queue_pending", queue.list(caller, false)));
    }

    void changeQueue(RoutingContext ctx) {
        change(ctx, (caller, ids) -> queue.delete(caller, id -> ids.isEmpty() || ids.contains(id)));
    }

    void history(RoutingContext ctx) {
        int most = parameter(ctx, "max_items", Integer.MAX_VALUE);
        String all = history.of(Caller.of(ctx), most < 0 ? Integer.MAX_VALUE : most, parameter(ctx, "offset", -1));
        answers.bytes(ctx, JSON, Buffer.buffer(all));
    }

    void historyOf(RoutingContext ctx) {
        Prompt.Key key = new Prompt.Key(Caller.of(ctx), ctx.pathParam("id"));
        answers.bytes(ctx, JSON, Buffer.buffer(history.of(key, Authentication.user(ctx)::sees)));
    }

    void changeHistory(RoutingContext ctx) {
        change(ctx, (caller, ids) -> history.delete(caller, id -> ids.isEmpty() || ids.contains(id)));
    }

    void interrupt(RoutingContext ctx) {
        read(ctx, fields -> {
            queue.interrupt(Caller.of(ctx), fields.text("prompt_id").orElse(""), Authentication.user(ctx)::sees);
            nothing(ctx);
        });
    }

    /** Nodes decide themselves which models they keep. */
    void free(RoutingContext ctx) {
        read(ctx, fields -> nothing(ctx));
    }

    /** @param action gets the ids; none: all */
    private void change(RoutingContext ctx, BiConsumer<String, Set<String>> action) {
        read(ctx, fields -> {
            Set<String> ids = Set.copyOf(fields.texts("delete"));
            if (fields.isOn("clear")) {
                action.accept(Caller.of(ctx), Set.of());
            } else if (!ids.isEmpty()) {
                action.accept(Caller.of(ctx), ids);
            }
            nothing(ctx);
        });
    }

    private void read(RoutingContext ctx, Consumer<Fields> then) {
        if (ctx.body().length() <= 0) {
            then.accept(Fields.of(Map.of()));
        } else {
            body.read(ctx, fields -> fields, read -> then.accept(read.fields()));
        }
    }

    private static void nothing(RoutingContext ctx) {
        ctx.response().setStatusCode(200).end();
    }

    private static int parameter(RoutingContext ctx, String name, int otherwise) {
        String value = ctx.request().getParam(name);
        if (value == null) {
            return otherwise;
        }
        if (!WHOLE.matcher(value).matches()) {
            throw new ApiException(ApiError.invalid("invalid_value", name + " must be a whole number", name));
        }
        // More than there are prompts is as much as any larger number.
        return new BigInteger(value).max(LEAST).min(MOST).intValue();
    }
}
