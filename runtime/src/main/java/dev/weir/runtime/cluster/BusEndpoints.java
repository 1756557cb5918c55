package dev.weir.runtime.cluster;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.hazelcast.cluster.Member;
import com.hazelcast.core.ExecutionCallback;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import dev.weir.runtime.HostPort;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.spi.cluster.NodeInfo;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/**
 * Where the bus of each member is reached. A member is asked once, when the first connection to it is opened. Its answer holds for as long
 * as it lives, so later connections need none. Any thread.
 */
final class BusEndpoints {

    /** The executor in which members answer, and the place where each keeps its answer. */
    static final String NAME = "weir.bus";

    private static final long AGAIN_MS = 100;
    private static final long PATIENCE_MS = 2500;
    private static final int MOST_KNOWN = 8192;

    private final Vertx vertx;
    private final Supplier<HazelcastInstance> hazelcast;
    private final Supplier<? extends Collection<Member>> members;
    /** By Vert.x's id of the node, which lives and dies with its process. */
    private final Cache<String, Future<NodeInfo>> known =
            Caffeine.newBuilder().maximumSize(MOST_KNOWN).build();

    private volatile NodeInfo own;

    /** @param hazelcast once this node has joined */
    BusEndpoints(Vertx vertx, Supplier<HazelcastInstance> hazelcast, Supplier<? extends Collection<Member>> members) {
        this.vertx = vertx;
        this.hazelcast = hazelcast;
        this.members = members;
    }

    /** From now on, members that ask learn where this node's bus is reached. */
    void opened(NodeInfo endpoint) {
        own = endpoint;
        hazelcast.get().getUserContext().put(NAME, new HostPort(endpoint.host(), endpoint.port()).toString());
    }

    /** Null until the bus listens. */
    NodeInfo own() {
        return own;
    }

    /** Fails if the node is not known and no member, or does not answer soon. Then the next call asks again. */
    Future<NodeInfo> of(String node) {
        Future<NodeInfo> earlier = known.getIfPresent(node);
        if (earlier != null && !earlier.failed()) {
            return earlier;
        }
        Promise<NodeInfo> answer = Promise.promise();
        known.put(node, answer.future());
        vertx.setTimer(
                PATIENCE_MS, late -> answer.tryFail("the node " + node + " has not said where its bus is reached"));
        ask(node, answer);
        return answer.future();
    }

    private void ask(String node, Promise<NodeInfo> answer) {
        if (answer.future().isComplete()) {
            return;
        }
        Optional<Member> member = members.get().stream()
                .filter(one -> node.equals(one.getAttribute(Listeners.BUS)))
                .findFirst();
        if (member.isEmpty()) {
            answer.tryFail("the node " + node + " is no member of the cluster");
            return;
        }
        try {
            hazelcast
                    .get()
                    .getExecutorService(NAME)
                    .submitToMember(new BusQuestion(), member.get(), new Answer(node, answer));
        } catch (HazelcastInstanceNotActiveException | RejectedExecutionException leaving) {
            answer.tryFail(leaving);
        }
    }

    private final class Answer implements ExecutionCallback<String> {

        private final String node;
        private final Promise<NodeInfo> promise;

        Answer(String node, Promise<NodeInfo> promise) {
            this.node = node;
            this.promise = promise;
        }

        @Override
        public void onResponse(String endpoint) {
            if (endpoint == null) {
                vertx.setTimer(AGAIN_MS, later -> ask(node, promise)); // It has joined, and its bus is not open yet.
                return;
            }
            HostPort bus = HostPort.parse(endpoint);
            promise.tryComplete(new NodeInfo(bus.host(), bus.port(), null));
        }

        @Override
        public void onFailure(Throwable problem) {
            promise.tryFail(problem);
        }
    }
}
