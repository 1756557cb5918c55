package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.comfyui.Value.Sampled;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.http.ApiParts;
import dev.weir.gateway.http.Authentication;
import dev.weir.gateway.http.Caller;
import dev.weir.gateway.http.RequestBody;
import dev.weir.gateway.http.RequestTrace;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.ModelNames;
import dev.weir.gateway.ledger.JobLedger;
import dev.weir.gateway.ledger.UserJobs;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** {@code POST /prompt}: compiles a graph and starts its job. Event loop of the gateway. */
final class PromptHandlers {

    private static final int LONGEST_ID = 256;
    /** Of a request: the largest workflows have some hundred thousand. */
    private static final int MOST_CHARACTERS = 1 << 20;

    private final RequestBody body;
    private final RequestReader reader;
    private final JobLedger ledger;
    private final Answers answers;
    private final ModelNames models;
    private final Uploads uploads;
    private final Queue queue;

    PromptHandlers(ApiParts parts, Uploads uploads, Queue queue) {
        this.body = parts.body();
        this.reader = parts.reader();
        this.ledger = parts.ledger();
        this.answers = parts.answers();
        this.models = parts.models();
        this.uploads = uploads;
        this.queue = queue;
    }

    /** What reading a request gave: a plan, or the answer that refuses it. */
    private record Asked(Fields fields, long size, JsonObject json, Plan plan, JsonObject refusal) {}

    /**
     * What a request says beside its graph.
     *
     * @param number its place in the queue as the client wants it
     * @param client as the client calls itself; empty: without a name
     * @param socket the client's, among those of all callers; empty: none
     */
    private record Sender(String id, Optional<Double> number, boolean front, String client, String socket) {}

    void prompt(RoutingContext ctx) {
        Offer offer = new Offer(models, uploads.of(Caller.of(ctx)));
        Asked[] asked = new Asked[1];
        body.read(
                ctx,
                fields -> {
                    asked[0] = read(fields, offer);
                    return asked[0].plan == null
                            ? Fields.of(Map.of())
                            : Fields.of(asked[0].plan.first().fields());
                },
                read -> start(ctx, asked[0], read.fields()));
    }

    /** Any thread. */
    private static Asked read(Fields fields, Offer offer) {
        long size = fields.sizeWithoutImages();
        if (size > MOST_CHARACTERS) {
            throw new ApiException(ApiError.TOO_LARGE);
        }
        JsonObject json = fields.toJson();
        try {
            List<String> targets = fields.texts("partial_execution_targets");
            return new Asked(fields, size, json, Plan.of(json.getValue("prompt"), targets, offer), null);
        } catch (RefusedGraphException e) {
            return new Asked(fields, size, json, null, e.body());
        }
    }

    private void start(RoutingContext ctx, Asked asked, Fields fields) {
        if (asked.plan == null) {
            answers.json(ctx, 400, asked.refusal);
            return;
        }
        Sender sender = sender(ctx, asked.fields);
        List<JobSpec> passes = new ArrayList<>();
        for (Sampled pass : asked.plan.passes()) {
            Fields read = passes.isEmpty() ? fields : Fields.of(pass.fields());
            try {
                passes.add(asked.plan.job(passes.size(), read, reader).under(RequestTrace.of(ctx)));
            } catch (ApiException e) {
                answers.json(ctx, e.error().status(), asked.plan.refusal(passes.size(), e.error()));
                return;
            }
        }
        List<JobSpec> later = passes.subList(1, passes.size());
        JobSpec spec = passes.get(0).before(later);
        Prompt.Key key = new Prompt.Key(Caller.of(ctx), sender.id);
        if (!queue.reserve(key, asked.size)) {
            throw asked.fields.invalid("duplicate_id", "prompt_id", "is the id of a prompt that is in the queue");
        }
        UserJobs jobs = ledger.of(Authentication.user(ctx));
        Future.<KeptJob>future(accepted -> jobs.submit(spec).onComplete(accepted))
                .map(job -> {
                    Prompt prompt = prompt(ctx, asked, sender, jobs, job, later);
                    queue.add(prompt);
                    return prompt;
                })
                .onSuccess(prompt -> answers.json(
                        ctx,
                        200,
                        prompt.about()
                                .put("number", prompt.number())
                                .put("node_errors", prompt.plan().nodeErrors())))
                .onFailure(refusal -> {
                    queue.release(key);
                    ctx.fail(refusal);
                });
    }

    /** Throws {@link ApiException} if a field has the wrong type. So this comes before the job starts. */
    private static Sender sender(RoutingContext ctx, Fields fields) {
        String id = fields.text("prompt_id", LONGEST_ID)
                .filter(text -> !text.isEmpty())
                .orElseGet(() -> UUID.randomUUID().toString());
        String client = fields.text("client_id", LONGEST_ID).orElse("");
        return new Sender(
                id,
                fields.real("number", -Double.MAX_VALUE, Double.MAX_VALUE),
                fields.isOn("front"),
                client,
                client.isEmpty() ? "" : Caller.scoped(ctx, client));
    }

    private Prompt prompt(
            RoutingContext ctx, Asked asked, Sender sender, UserJobs jobs, KeptJob job, List<JobSpec> later) {
        Number number = sender.number
                .<Number>map(value -> value)
                .orElseGet(() -> sender.front ? -queue.nextNumber() : queue.nextNumber());
        JsonObject extra = asked.json.getValue("extra_data") instanceof JsonObject object ? object : new JsonObject();
        if (!sender.client.isEmpty()) {
            extra.put("client_id", sender.client);
        }
        JsonObject graph = asked.json.getJsonObject("prompt");
        return new Prompt(sender.id, number, Caller.of(ctx), sender.socket, graph, extra, asked.plan, jobs, job, later);
    }
}
