package dev.weir.gateway.replicate;

import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.replicate.WebhookTargets.Target;
import dev.weir.proto.v1.Webhook;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls the webhooks of the predictions that this gateway owns. Each call goes to the address that was checked, follows no redirect, and
 * ends after some seconds. The last call of a prediction is repeated a few times. Event loop of the gateway.
 */
final class Webhooks {

    /** The last call, and the pauses before it is repeated. */
    private static final List<Long> RETRIES_MS = List.of(1000L, 2000L, 4000L, 8000L, 16_000L);

    private static final int CALL_SECONDS = 10;
    private static final long NO_ROOM_MS = 1000;
    /** As long as a prediction is kept. */
    private static final int MOST_WAITS = 600;

    private static final String LOOK_UPS = "weir-webhooks";
    private static final Logger log = LoggerFactory.getLogger(Webhooks.class);

    private final Vertx vertx;
    private final WebhookSecret secret;
    private final WebhookTargets targets;
    private final HttpClient client;
    private final WebhookLimits limits = new WebhookLimits();
    /** A look-up may block for much longer than a call may take. Each call has a thread. */
    private final WorkerExecutor lookUps;
    /** Last calls that were not taken yet, with the host of each. */
    private final Map<String, String> undelivered = new HashMap<>();

    /** @param hosts in lower case, that may have any address */
    Webhooks(Vertx vertx, WebhookSecret secret, Set<String> hosts) {
        this.vertx = vertx;
        this.secret = secret;
        this.targets = new WebhookTargets(hosts);
        this.lookUps = vertx.createSharedWorkerExecutor(LOOK_UPS, WebhookLimits.CALLS);
        HttpClientOptions options = new HttpClientOptions().setKeepAlive(false).setConnectTimeout((int)
                TimeUnit.SECONDS.toMillis(CALL_SECONDS));
        // Otherwise calls to one address wait for each other in the client.
        PoolOptions connections = new PoolOptions().setHttp1MaxSize(WebhookLimits.CALLS);
        this.client = vertx.httpClientBuilder().with(options).with(connections).build();
    }

    WebhookTargets targets() {
        return targets;
    }

    WebhookSecret secret() {
        return secret;
    }

    /** Tells of an unfinished job from now on. */
    void tellOf(KeptJob job) {
        job.spec().terms().webhook().ifPresent(webhook -> new WebhookEvents(vertx, job, webhook, this).start());
    }

    /** Calls once, or not at all if there are too many calls. @return whether the server took it */
    Future<Boolean> tryOnce(Webhook webhook, String id, String body) {
        return enter(webhook) ? call(webhook, id, body).map(Optional::isEmpty) : Future.succeededFuture(false);
    }

    /** Calls until the server took it, or there were enough tries. */
    void deliver(Webhook webhook, String id, String body) {
        undelivered.put(id, WebhookTargets.host(webhook.getUrl()));
        deliver(webhook, id, body, 0, 0);
    }

    /** The process ends: calls that wait for another try are not made. */
    void close() {
        if (!undelivered.isEmpty()) {
            log.warn(
                    "This gateway ends before the last webhook of {} predictions was taken, at {}",
                    undelivered.size(),
                    String.join(", ", new TreeSet<>(undelivered.values())));
        }
    }

    private void deliver(Webhook webhook, String id, String body, int retries, int waits) {
        if (enter(webhook)) {
            call(webhook, id, body).onSuccess(problem -> {
                if (problem.isEmpty()) {
                    undelivered.remove(id);
                } else if (retries < RETRIES_MS.size()) {
                    vertx.setTimer(RETRIES_MS.get(retries), later -> deliver(webhook, id, body, retries + 1, waits));
                } else {
                    undelivered.remove(id);
                    log.warn(
                            "The webhook of the message {} at {} failed {} times; at last: {}",
                            id,
                            WebhookTargets.host(webhook.getUrl()),
                            retries + 1,
                            problem.get());
                }
            });
        } else if (waits < MOST_WAITS) {
            vertx.setTimer(NO_ROOM_MS, later -> deliver(webhook, id, body, retries, waits + 1));
        } else {
            undelivered.remove(id);
            log.warn("The webhook of the message {} waited too long for other calls, and is given up", id);
        }
    }

    private boolean enter(Webhook webhook) {
        return limits.enter(webhook.getSigner(), WebhookTargets.host(webhook.getUrl()));
    }

    /** @return why the server did not take it, or empty */
    private Future<Optional<String>> call(Webhook webhook, String id, String body) {
        Future<Target> found = lookUps.executeBlocking(() -> targets.resolve(webhook.getUrl()), false);
        Future<Integer> sent = found.timeout(CALL_SECONDS, TimeUnit.SECONDS)
                .compose(target -> send(target, webhook, id, body).timeout(CALL_SECONDS, TimeUnit.SECONDS));
        // A look-up that nobody waits for any longer still occupies its thread.
        Future.join(found, sent)
                .onComplete(ended -> limits.leave(webhook.getSigner(), WebhookTargets.host(webhook.getUrl())));
        return sent.transform(ended -> {
            Optional<String> problem = ended.failed()
                    ? Optional.of(String.valueOf(ended.cause().getMessage()))
                    : Optional.of("the answer " + ended.result()).filter(status -> ended.result() / 100 != 2);
            problem.ifPresent(reason -> log.info("A webhook of the message {} failed: {}", id, reason));
            return Future.succeededFuture(problem);
        });
    }

    private Future<Integer> send(Target target, Webhook webhook, String id, String body) {
        long seconds = System.currentTimeMillis() / 1000;
        RequestOptions options = new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setServer(SocketAddress.inetSocketAddress(target.port(), target.address()))
                .setHost(target.host())
                .setPort(target.port())
                .setSsl(target.tls())
                .setURI(target.path())
                .setTimeout(TimeUnit.SECONDS.toMillis(CALL_SECONDS))
                .putHeader("Content-Type", "application/json")
                .putHeader("webhook-id", id)
                .putHeader("webhook-timestamp", String.valueOf(seconds))
                .putHeader("webhook-signature", secret.signature(webhook.getSigner(), id, seconds, body));
        // What the server answers is not read: the connection ends with the head, or when that does not come.
        return client.request(options).compose(request -> request.send(body)
                .map(response -> {
                    response.exceptionHandler(ended -> {});
                    return response.statusCode();
                })
                .timeout(CALL_SECONDS, TimeUnit.SECONDS)
                .onComplete(ended -> request.reset()));
    }
}
