package dev.weir.gateway.replicate;

import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.replicate.WebhookTargets.Target;
import dev.weir.proto.v1.Webhook;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.util.List;
import java.util.Set;
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
    private static final int MOST_CALLS = 64;
    private static final Logger log = LoggerFactory.getLogger(Webhooks.class);

    private final Vertx vertx;
    private final WebhookSecret secret;
    private final WebhookTargets targets;
    private final HttpClient client;
    private int calls;

    /** @param hosts in lower case, that may have any address */
    Webhooks(Vertx vertx, WebhookSecret secret, Set<String> hosts) {
        this.vertx = vertx;
        this.secret = secret;
        this.targets = new WebhookTargets(hosts);
        HttpClientOptions options = new HttpClientOptions().setKeepAlive(false).setConnectTimeout((int)
                TimeUnit.SECONDS.toMillis(CALL_SECONDS));
        this.client = vertx.httpClientBuilder().with(options).build();
    }

    WebhookTargets targets() {
        return targets;
    }

    WebhookSecret secret() {
        return secret;
    }

    /** Tells of a job from now on. One that is over has been told of. */
    void tellOf(KeptJob job) {
        if (!job.isOver()) {
            job.spec().webhook().ifPresent(webhook -> new WebhookEvents(vertx, job, webhook, this).start());
        }
    }

    /** Calls once. @return whether the server took it */
    Future<Boolean> tryOnce(Webhook webhook, String id, String body) {
        if (calls >= MOST_CALLS) {
            return Future.succeededFuture(false);
        }
        calls++;
        return vertx.executeBlocking(() -> targets.resolve(webhook.getUrl()), false)
                .compose(target -> send(target, webhook, id, body))
                .timeout(CALL_SECONDS, TimeUnit.SECONDS)
                .transform(sent -> {
                    calls--;
                    if (sent.failed()) {
                        log.info(
                                "A webhook of the message {} failed: {}",
                                id,
                                sent.cause().getMessage());
                    }
                    return Future.succeededFuture(sent.succeeded() && sent.result() / 100 == 2);
                });
    }

    /** Calls until the server took it, or there were enough tries. */
    void deliver(Webhook webhook, String id, String body) {
        deliver(webhook, id, body, 0);
    }

    private void deliver(Webhook webhook, String id, String body, int retries) {
        tryOnce(webhook, id, body).onSuccess(taken -> {
            if (taken) {
                return;
            }
            if (retries < RETRIES_MS.size()) {
                vertx.setTimer(RETRIES_MS.get(retries), later -> deliver(webhook, id, body, retries + 1));
            } else {
                log.warn("The webhook of the message {} was called {} times in vain", id, retries + 1);
            }
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
        // What the server answers is not read: the connection ends with the head.
        return client.request(options).compose(request -> request.send(body).map(response -> {
            response.exceptionHandler(ended -> {});
            request.reset();
            return response.statusCode();
        }));
    }
}
