package dev.weir.runtime.cluster;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Threads for calls that block until a member answers, a few for each member. A frozen member delays only the calls to
 * itself, and at most as many as its lane holds. Further calls are rejected at once. Any thread.
 */
final class Lanes {

    private static final int THREADS = 4;
    private static final int WAITING = 1024;
    private static final long IDLE_SECONDS = 10;

    private final HazelcastInstance hazelcast;
    private final Holders holders;
    private final Map<UUID, Executor> lanes = new ConcurrentHashMap<>();

    Lanes(HazelcastInstance hazelcast, Holders holders) {
        this.hazelcast = hazelcast;
        this.holders = holders;
    }

    /** @throws RejectedExecutionException if the lane is full */
    <T> CompletionStage<T> call(String key, Callable<T> blocking) {
        return call(holders.memberOf(key), blocking);
    }

    /** @throws RejectedExecutionException if the lane is full */
    <T> CompletionStage<T> call(UUID lane, Callable<T> blocking) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return blocking.call();
                    } catch (Exception e) {
                        throw new CompletionException(e);
                    }
                },
                lane(lane));
    }

    private Executor lane(UUID member) {
        Executor known = lanes.get(member);
        return known == null ? open(member) : known;
    }

    private Executor open(UUID member) {
        // The lanes of members that have left keep their threads until their calls are answered.
        Set<UUID> there = hazelcast.getCluster().getMembers().stream()
                .map(Member::getUuid)
                .collect(Collectors.toSet());
        lanes.keySet().removeIf(known -> !known.equals(Holders.NOBODY) && !there.contains(known));
        ThreadPoolExecutor threads = new ThreadPoolExecutor(
                THREADS, THREADS, IDLE_SECONDS, TimeUnit.SECONDS, new ArrayBlockingQueue<>(WAITING), task -> {
                    Thread thread = new Thread(task, "weir-memory");
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
        Executor earlier = lanes.putIfAbsent(member, threads);
        return earlier == null ? threads : earlier;
    }
}
