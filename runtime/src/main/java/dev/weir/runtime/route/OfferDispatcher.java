package dev.weir.runtime.route;

import dev.weir.proto.Parcel;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Offer;
import dev.weir.proto.v1.OfferReply;
import dev.weir.proto.v1.OfferReply.Verdict;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.Loop;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.bus.Courier;
import dev.weir.runtime.bus.Delivery;
import dev.weir.runtime.route.WaitingTask.Turn;
import dev.weir.runtime.stage.Attempt;
import dev.weir.runtime.stage.Cancellation;
import dev.weir.runtime.stage.Failure;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;

/**
 * The dispatcher on the bus. It runs on the directory's event loop. The senders bound its queue: a stage keeps a
 * sample's credit until the next stage has accepted it, and a gateway limits its jobs.
 */
public final class OfferDispatcher implements Dispatcher {

    private static final long TICK_MS = 200;
    private static final int FRAMES_UNDER_WAY = 4;

    private final Loop loop;
    private final Courier courier;
    private final StatusDirectory directory;
    private final MeterRegistry metrics;
    private final Duration patience;
    private final Executor context;
    private final OutstandingLoad outstanding = new OutstandingLoad();
    private final Chooser chooser;
    private final WaitingTasks waiting = new WaitingTasks();
    /** By address: the offers without an answer. */
    private final Map<String, Set<Promise<OfferReply>>> underWay = new HashMap<>();

    private final Map<String, Integer> framesUnderWay = new HashMap<>();
    private long arrivals;

    /** @param patience how long a task waits while no live node serves its model */
    public OfferDispatcher(
            Loop loop, Courier courier, StatusDirectory directory, MeterRegistry metrics, Duration patience) {
        this.loop = loop;
        this.chooser =
                new Chooser(outstanding, new SplittableRandom(loop.random().nextLong()));
        this.courier = courier;
        this.directory = directory;
        this.metrics = metrics;
        this.patience = patience;
        this.context = directory.context();
    }

    /** Call it before the directory starts. Completes when cancellations can arrive. */
    public Future<Void> start() {
        directory.onHeard(status -> {
            outstanding.heard(status.getAddress());
            // Only this node may have more room than before.
            if (waiting.anyFor(status)) {
                offerWaiting();
            }
        });
        Promise<Void> started = Promise.promise();
        context.execute(() -> {
            directory.onLost(status -> lost(status.getAddress()));
            loop.every(TICK_MS, this::giveUpLate);
            courier.listen(Addresses.CANCEL, this::cancel).<Void>mapEmpty().onComplete(started);
        });
        return started.future();
    }

    @Override
    public Future<NodeStatus> dispatch(Task task, List<Tensor> tensors) {
        if (task.getPosition() >= task.getRouteCount()) {
            return Future.failedFuture(new DispatchException(
                    new Failure("invalid_task", "the route has no position " + task.getPosition(), false)));
        }
        Executor caller = loop.here();
        Promise<NodeStatus> answer = Promise.promise();
        Promise<NodeStatus> found = Promise.promise();
        found.future().onComplete(result -> caller.execute(() -> answer.handle(result)));
        context.execute(() -> {
            Turn turn = Turn.of(task, arrivals++);
            waiting.add(new WaitingTask(turn, task, tensors, found, loop.nanos()));
            offerWaiting();
        });
        return answer.future();
    }

    @Override
    public Future<Void> tryOnce(Task task, List<Tensor> tensors) {
        Executor caller = loop.here();
        Promise<Void> answer = Promise.promise();
        context.execute(
                () -> offerFrame(task, tensors).onComplete(result -> caller.execute(() -> answer.handle(result))));
        return answer.future();
    }

    private Future<Void> offerFrame(Task task, List<Tensor> tensors) {
        Optional<NodeStatus> node = chooser.choose(
                Need.of(task),
                "",
                directory.alive(),
                n -> framesUnderWay.getOrDefault(n.getAddress(), 0) >= FRAMES_UNDER_WAY);
        if (node.isEmpty()) {
            return Future.failedFuture(noRoom(task));
        }
        String address = node.get().getAddress();
        framesUnderWay.merge(address, 1, Integer::sum);
        return answer(address, Parcel.of(Offer.newBuilder().setTask(task).build(), tensors))
                .onComplete(done -> framesUnderWay.computeIfPresent(address, (a, n) -> n > 1 ? n - 1 : null))
                .compose(reply -> reply.getVerdict() == Verdict.ACCEPTED
                        ? Future.succeededFuture()
                        : Future.failedFuture(noRoom(task)));
    }

    /** Whether no task waits, and every offer has been answered or its node was lost. On the directory's event loop. */
    public boolean isIdle() {
        return waiting.isEmpty() && framesUnderWay.isEmpty() && outstanding.isSettled();
    }

    private void offerWaiting() {
        waiting.inTurn(next -> {
            Optional<NodeStatus> node =
                    chooser.choose(next.need, next.task.getPrefer(), directory.alive(), next::isLeftOut);
            node.ifPresent(chosen -> {
                waiting.remove(next);
                offer(next, chosen);
            });
            return node.isPresent() || !next.leavesNoneOut();
        });
    }

    private void offer(WaitingTask next, NodeStatus node) {
        String address = node.getAddress();
        OutstandingLoad.Sent sent = outstanding.offered(address, next.forwards);
        answer(address, Parcel.of(Offer.newBuilder().setTask(next.task).build(), next.tensors))
                .onComplete(answer -> {
                    OfferReply reply = answer.result();
                    count(next, answer.succeeded() ? reply.getVerdict().name() : unanswered(answer.cause()));
                    if (answer.succeeded() && reply.getVerdict() == Verdict.ACCEPTED) {
                        sent.accepted(next.forwards);
                        next.found.complete(node);
                        return;
                    }
                    sent.refused(next.forwards);
                    if (answer.cause() instanceof IllegalArgumentException tooLarge) {
                        next.fail("invalid_task", tooLarge.getMessage(), false);
                        return;
                    }
                    if (answer.succeeded() && reply.getVerdict() == Verdict.INVALID) {
                        next.fail("invalid_task", reply.getDetail(), false);
                        return;
                    }
                    if (answer.succeeded() && reply.getVerdict() == Verdict.SUPERSEDED) {
                        Attempt newest = new Attempt(reply.getNewestEpoch(), reply.getNewestAttempt());
                        next.fail(Failure.superseded(reply.getDetail(), newest));
                        return;
                    }
                    next.leaveOut(address, sequenceOf(address, node));
                    waiting.add(next);
                    offerWaiting();
                });
    }

    /** The answer to an offer. Fails when the node is lost: what it answers later counts as little as after the time for an answer. */
    private Future<OfferReply> answer(String address, Parcel offer) {
        Promise<OfferReply> answer = Promise.promise();
        Set<Promise<OfferReply>> others = underWay.computeIfAbsent(address, a -> new LinkedHashSet<>());
        others.add(answer);
        courier.offer(address, offer).onComplete(told -> {
            others.remove(answer);
            if (told.succeeded()) {
                answer.tryComplete(told.result());
            } else {
                answer.tryFail(told.cause());
            }
        });
        return answer.future();
    }

    private void lost(String address) {
        outstanding.lost(address);
        Set<Promise<OfferReply>> waits = underWay.remove(address);
        if (waits != null) {
            List.copyOf(waits).forEach(answer -> answer.tryFail(new NodeLostException()));
        }
    }

    private static String unanswered(Throwable why) {
        return why instanceof NodeLostException ? "lost" : "silence";
    }

    private long sequenceOf(String address, NodeStatus atOffer) {
        return directory.alive().stream()
                .filter(n -> n.getAddress().equals(address))
                .mapToLong(NodeStatus::getSequence)
                .findFirst()
                .orElse(atOffer.getSequence());
    }

    private void giveUpLate() {
        long nowMs = loop.nowMs();
        long nowNanos = loop.nanos();
        List<NodeStatus> alive = directory.alive();
        Map<Need, Boolean> served = new HashMap<>(); // Many tasks have equal needs.
        for (WaitingTask next : waiting.all()) {
            if (served.computeIfAbsent(next.need, need -> alive.stream().anyMatch(need::servedBy))) {
                next.servedNanos = nowNanos;
            }
            if (next.task.getDeadlineMs() > 0 && nowMs > next.task.getDeadlineMs()) {
                waiting.remove(next);
                next.fail(
                        "deadline_exceeded", "no %s had room before the deadline".formatted(next.need.stage()), false);
            } else if (nowNanos - next.servedNanos > patience.toNanos()) {
                waiting.remove(next);
                next.fail(
                        "no_node",
                        "no live %s serves the model \"%s\"".formatted(next.need.stage(), next.need.model()),
                        true);
            }
        }
    }

    private void cancel(Delivery delivery) {
        Cancellation cancelled = Cancellation.of(delivery.parcel().header().getCancel());
        String message = cancelled.sample().isPresent() ? "the sample was cancelled" : "the job has ended";
        for (WaitingTask next : waiting.ofJob(cancelled.job())) {
            if (cancelled.covers(next.task)) {
                waiting.remove(next);
                next.fail(Failure.superseded(message, cancelled.newest()));
            }
        }
    }

    private void count(WaitingTask next, String verdict) {
        Counter.builder("weir.offers")
                .description("Offers of tasks to nodes, by what became of them")
                .tag("stage", next.need.stage())
                .tag("verdict", verdict.toLowerCase(Locale.ROOT))
                .register(metrics)
                .increment();
    }

    private static DispatchException noRoom(Task task) {
        Need need = Need.of(task);
        return new DispatchException(new Failure("no_room", "no " + need.stage() + " has room", true));
    }

    private static final class NodeLostException extends Exception {
        private static final long serialVersionUID = 1L;
    }
}
