package dev.weir.gateway.replicate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.sun.net.httpserver.HttpServer;
import dev.weir.proto.v1.Webhook;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What many calls of webhooks, and slow ones, leave for others. */
final class WebhookCallsTest {

    @TempDir
    Path folder;

    private final List<String> calls = new CopyOnWriteArrayList<>();
    private final CountDownLatch held = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Vertx vertx = Vertx.vertx(new VertxOptions().setWorkerPoolSize(1));

    private HttpServer receiver;
    private Webhooks webhooks;

    @BeforeEach
    void start() throws IOException {
        receiver = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
        receiver.setExecutor(threads);
        receiver.createContext("/", exchange -> {
            calls.add(exchange.getRequestHeaders().getFirst("webhook-id"));
            if (exchange.getRequestURI().getPath().equals("/slow")) {
                try {
                    held.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        receiver.start();
        Path secret = Files.writeString(folder.resolve("secret"), "0123456789abcdef0123456789abcdef");
        webhooks = new Webhooks(vertx, WebhookSecret.of(secret), Set.of("127.0.0.1", "localhost"));
    }

    @AfterEach
    void close() {
        held.countDown();
        vertx.close().toCompletionStage().toCompletableFuture().join();
        receiver.stop(0);
        threads.shutdownNow();
    }

    private void deliver(String host, String path, String id) {
        Webhook webhook = Webhook.newBuilder()
                .setUrl("http://" + host + ":" + receiver.getAddress().getPort() + path)
                .build();
        vertx.runOnContext(loop -> webhooks.deliver(webhook, id, "{}"));
    }

    @Test
    void lookUpsWaitForNoOtherWorkAndDelayNone() {
        vertx.executeBlocking(() -> {
            held.await();
            return null;
        });

        deliver("127.0.0.1", "/", "one");

        await().until(() -> calls.contains("one"));
    }

    @Test
    void aHostThatDoesNotAnswerDelaysNoCallsToOthers() {
        for (int i = 0; i <= WebhookLimits.CALLS_TO_A_HOST; i++) {
            deliver("127.0.0.1", "/slow", "slow " + i);
        }
        await().until(() -> calls.size() == WebhookLimits.CALLS_TO_A_HOST);

        deliver("localhost", "/", "other");
        await().until(() -> calls.contains("other"));

        assertThat(calls).hasSize(WebhookLimits.CALLS_TO_A_HOST + 1);
    }

    @Test
    void aCallThatFoundNoRoomIsMadeLater() {
        for (int i = 0; i <= WebhookLimits.CALLS_TO_A_HOST; i++) {
            deliver("127.0.0.1", "/slow", "slow " + i);
        }
        await().until(() -> calls.size() == WebhookLimits.CALLS_TO_A_HOST);

        held.countDown();

        await().until(() -> calls.contains("slow " + WebhookLimits.CALLS_TO_A_HOST));
        assertThat(calls).doesNotHaveDuplicates();
    }

    @Test
    void theLogSaysWhatAnEndingGatewayDoesNotDeliver() {
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        Logger logger = (Logger) LoggerFactory.getLogger(Webhooks.class);
        log.start();
        logger.addAppender(log);
        try {
            deliver("127.0.0.1", "/", "taken");
            deliver("localhost", "/slow", "not taken");
            await().until(() -> calls.containsAll(List.of("taken", "not taken")));
            // The answer to the first one may be on its way.
            await().untilAsserted(() -> {
                webhooks.close();
                assertThat(log.list)
                        .extracting(ILoggingEvent::getFormattedMessage)
                        .contains("This gateway ends before the last webhook of 1 predictions was taken, at localhost");
            });
        } finally {
            logger.detachAppender(log);
        }
    }

    @Test
    void oneUserDoesNotTakeAllCalls() {
        WebhookLimits limits = new WebhookLimits();
        for (int i = 0; i < WebhookLimits.CALLS_OF_A_USER; i++) {
            assertThat(limits.enter("anna", "host " + i)).isTrue();
        }

        assertThat(limits.enter("anna", "another host")).isFalse();
        assertThat(limits.enter("bob", "host 0")).isTrue();
        limits.leave("anna", "host 0");
        assertThat(limits.enter("anna", "another host")).isTrue();
    }
}
