package dev.weir.runtime.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class LookupCacheTest {

    private final Vertx vertx = Vertx.vertx();
    private final LookupCache<String> lookups = new LookupCache<>();
    private final List<String> late = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    @Test
    void whatIsSaidSoonServes() {
        assertThat(value(ask("node", Future.succeededFuture("here")))).isEqualTo("here");
        assertThat(value(ask("node", Future.succeededFuture("there")))).isEqualTo("there");
        assertThat(late).isEmpty();
    }

    @Test
    void whereNobodyAnswersTheAnswerBeforeServesAndALateOneIsTold() {
        value(ask("node", Future.succeededFuture("here")));
        Promise<String> silent = Promise.promise();

        assertThat(value(ask("node", silent.future()))).isEqualTo("here");
        silent.complete("there");

        await().until(() -> late.equals(List.of("there")));
        assertThat(value(ask("node", Promise.<String>promise().future()))).isEqualTo("there");
    }

    @Test
    void whereTheAnswerIsAnErrorTheOneBeforeServes() {
        assertThat(failed(ask("node", Future.failedFuture("no member")))).isTrue();
        value(ask("node", Future.succeededFuture("here")));

        assertThat(value(ask("node", Future.failedFuture("no member")))).isEqualTo("here");
    }

    @Test
    void ofWhatWasNeverKnownTheAnswerIsAwaited() {
        value(ask("other", Future.succeededFuture("there")));
        Promise<String> silent = Promise.promise();
        Future<String> answer = ask("node", silent.future());

        await().during(Duration.ofMillis(500)).until(() -> !answer.isComplete());
        silent.complete("here");

        assertThat(value(answer)).isEqualTo("here");
    }

    private Future<String> ask(String name, Future<String> asked) {
        Promise<String> answer = Promise.promise();
        lookups.answer(vertx, name, asked, answer, late::add);
        return answer.future();
    }

    private static String value(Future<String> answer) {
        await().until(answer::isComplete);
        return answer.result();
    }

    private static boolean failed(Future<String> answer) {
        await().until(answer::isComplete);
        return answer.failed();
    }
}
