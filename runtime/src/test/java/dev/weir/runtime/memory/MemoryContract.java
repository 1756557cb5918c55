package dev.weir.runtime.memory;

import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a memory promises, whether it is of one node or of a cluster. */
abstract class MemoryContract {

    private static final Duration LONG = Duration.ofMinutes(5);
    /** Enough for two operations on a busy machine. */
    private static final Duration SHORT = Duration.ofSeconds(2);

    private final String key = UUID.randomUUID().toString();

    /** The memory as one node sees it. */
    abstract ClusterMemory here();

    /** The same, as another node sees it where there is one. */
    abstract ClusterMemory there();

    /** That of {@link #there}. */
    abstract Vertx vertx();

    @ParameterizedTest
    @EnumSource
    void whatOneNodeWritesAnotherReads(MemoryArea area) throws Exception {
        assertThat(get(there().map(area).get(key))).isEmpty();

        get(here().map(area).put(key, bytes("one"), LONG));

        assertThat(get(there().map(area).get(key))).hasValue(bytes("one"));
        get(there().map(area).remove(key));
        assertThat(get(here().map(area).get(key))).isEmpty();
    }

    @Test
    void areasAreApart() throws Exception {
        get(here().map(MemoryArea.JOBS).put(key, bytes("one"), LONG));

        assertThat(get(there().map(MemoryArea.KEYS).get(key))).isEmpty();
    }

    @Test
    void onlyTheFirstWritesWhereNothingIs() throws Exception {
        List<Future<?>> tries = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            ClusterMemory memory = i % 2 == 0 ? here() : there();
            tries.add(memory.map(MemoryArea.KEYS).putIfAbsent(key, bytes("try " + i), LONG));
        }
        get(Future.all(tries));

        byte[] winner = get(here().map(MemoryArea.KEYS).get(key)).orElseThrow();
        long wrote = tries.stream()
                .filter(t -> t.result().equals(java.util.Optional.empty()))
                .count();
        assertThat(wrote).isEqualTo(1);
        assertThat(get(there().map(MemoryArea.KEYS).putIfAbsent(key, bytes("late"), LONG)))
                .hasValue(winner);
    }

    @Test
    void anEntryIsReplacedOnlyByWhoKnowsIt() throws Exception {
        MemoryMap jobs = here().map(MemoryArea.JOBS);
        assertThat(get(jobs.replace(key, bytes("none"), bytes("x"), LONG))).isFalse();
        get(jobs.put(key, bytes("one"), LONG));

        assertThat(get(there().map(MemoryArea.JOBS).replace(key, bytes("one"), bytes("two"), LONG)))
                .isTrue();
        assertThat(get(jobs.replace(key, bytes("one"), bytes("mine"), LONG))).isFalse();

        assertThat(get(jobs.get(key))).hasValue(bytes("two"));
    }

    @Test
    void anEntryIsRemovedOnlyAsItIsKnown() throws Exception {
        MemoryMap jobs = here().map(MemoryArea.JOBS);
        get(jobs.remove(key, bytes("none")));
        get(jobs.put(key, bytes("one"), LONG));

        get(there().map(MemoryArea.JOBS).remove(key, bytes("two")));
        assertThat(get(jobs.get(key))).hasValue(bytes("one"));

        get(there().map(MemoryArea.JOBS).remove(key, bytes("one")));
        assertThat(get(jobs.get(key))).isEmpty();
    }

    @Test
    void ofManyWhoReplaceAtOnceOneDoes() throws Exception {
        get(here().map(MemoryArea.JOBS).put(key, bytes("one"), LONG));

        List<Future<Boolean>> tries = IntStream.range(0, 16)
                .mapToObj(i -> (i % 2 == 0 ? here() : there())
                        .map(MemoryArea.JOBS)
                        .replace(key, bytes("one"), bytes("by " + i), LONG))
                .toList();
        get(Future.all(tries));

        assertThat(tries.stream().filter(Future::result)).hasSize(1);
    }

    @Test
    void entriesEndWithTheirTime() throws Exception {
        MemoryMap jobs = here().map(MemoryArea.JOBS);
        get(jobs.put(key + "put", bytes("one"), SHORT));
        get(jobs.putIfAbsent(key + "absent", bytes("one"), SHORT));
        get(jobs.put(key + "replaced", bytes("one"), LONG));
        get(jobs.replace(key + "replaced", bytes("one"), bytes("two"), SHORT));
        get(jobs.put(key + "prolonged", bytes("one"), SHORT));
        get(jobs.replace(key + "prolonged", bytes("one"), bytes("two"), LONG));

        for (String ended : List.of("put", "absent", "replaced")) {
            await().until(() ->
                    get(there().map(MemoryArea.JOBS).get(key + ended)).isEmpty());
        }
        assertThat(get(jobs.get(key + "prolonged"))).hasValue(bytes("two"));
        await().until(
                        () -> get(jobs.keys()).stream()
                                .filter(k -> k.startsWith(key))
                                .toList(),
                        List.of(key + "prolonged")::equals);
    }

    @Test
    void allNamesAreTold() throws Exception {
        for (int i = 0; i < 50; i++) {
            get(here().map(MemoryArea.CHECKPOINTS).put(key + i, new byte[1000], LONG));
        }

        assertThat(get(there().map(MemoryArea.CHECKPOINTS).keys()).stream().filter(k -> k.startsWith(key)))
                .hasSize(50);
    }

    @Test
    void answersComeOnTheCallersContext() throws Exception {
        Context context = vertx().getOrCreateContext();
        Promise<Boolean> same = Promise.promise();
        context.runOnContext(v -> there().map(MemoryArea.JOBS)
                .putIfAbsent(key, bytes("one"), LONG)
                .compose(put -> there().map(MemoryArea.JOBS).get(key))
                .onComplete(answer -> same.complete(Vertx.currentContext() == context)));

        assertThat(get(same.future())).isTrue();
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
