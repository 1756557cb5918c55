package dev.weir.bench.simulation;

import dev.weir.proto.Parcel;
import dev.weir.proto.v1.OfferReply;
import dev.weir.proto.v1.OfferReply.Verdict;
import dev.weir.runtime.Loop;
import dev.weir.runtime.bus.Courier;
import dev.weir.runtime.bus.Delivery;
import dev.weir.runtime.bus.Inbox;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.function.Consumer;

/**
 * The bus of a simulation. Messages between two processes arrive in order, as on one connection, unless a fault reorders
 * them. Faults lose, delay and duplicate messages, and cut connections in one direction or both.
 */
final class Network {

    /** The acknowledgement of an event, as the inbox of the real bus sends it. */
    private static final OfferReply TAKEN =
            OfferReply.newBuilder().setVerdict(Verdict.ACCEPTED).build();

    private static final long QUICK_MICROS = 200;
    private static final long SPREAD_MICROS = 3000;
    private static final long REORDERED_MICROS = 900_000;

    /** Sees what passes. */
    interface Observer {

        /** @return to be run when the receiver has handled the message */
        Runnable receives(Process receiver, Parcel parcel);

        void delivers(Process sender, String address, Parcel event);

        void acknowledged(Process sender, Parcel event);
    }

    private record Listener(Process process, Consumer<Delivery> handler) {}

    private record Pair(Process from, Process to) {}

    private final World world;
    private final Map<String, List<Listener>> listeners = new HashMap<>();
    private final Map<Pair, Long> arrivals = new HashMap<>();
    private final List<BiPredicate<Process, Process>> cuts = new ArrayList<>();
    private Observer observer;

    double loss;
    double duplication;
    double reordering;

    Network(World world) {
        this.world = world;
    }

    void observedBy(Observer itsObserver) {
        observer = itsObserver;
    }

    /** Nothing arrives from the one at the other. @return ends the cut */
    Runnable cut(BiPredicate<Process, Process> connection) {
        cuts.add(connection);
        return () -> cuts.remove(connection);
    }

    boolean isCut(Process from, Process to) {
        if (from != to) {
            for (BiPredicate<Process, Process> cut : cuts) {
                if (cut.test(from, to)) {
                    return true;
                }
            }
        }
        return false;
    }

    Courier courier(Process process, Loop loop) {
        return new SimulatedCourier(process, loop);
    }

    /** A message, which may get lost. */
    void send(Process from, Process to, Runnable arrival) {
        if (from == to) {
            world.after(0, to, arrival);
            return;
        }
        if (isCut(from, to) || world.random.nextDouble() < loss) {
            return;
        }
        boolean overtakes = world.random.nextDouble() < reordering;
        long delay = QUICK_MICROS + world.random.nextLong(overtakes ? REORDERED_MICROS : SPREAD_MICROS);
        long at = world.micros() + delay;
        if (!overtakes) {
            Pair pair = new Pair(from, to);
            at = Math.max(at, arrivals.getOrDefault(pair, 0L));
            arrivals.put(pair, at);
        }
        world.after(at - world.micros(), to, arrival);
        if (world.random.nextDouble() < duplication) {
            world.after(at - world.micros() + world.random.nextLong(REORDERED_MICROS), to, arrival);
        }
    }

    private final class SimulatedCourier implements Courier {
        private final Process self;
        private final Loop loop;

        SimulatedCourier(Process self, Loop loop) {
            this.self = self;
            this.loop = loop;
        }

        @Override
        public Future<OfferReply> offer(String address, Parcel parcel) {
            Promise<OfferReply> answer = Promise.promise();
            long timer = loop.after(OFFER_TIMEOUT.toMillis(), () -> answer.tryFail("no answer in time"));
            List<Listener> there = listeners.getOrDefault(address, List.of());
            if (there.isEmpty()) {
                loop.after(1, () -> answer.tryFail("nobody listens at " + address));
            } else {
                Listener receiver = there.get(0);
                send(
                        self,
                        receiver.process,
                        () -> deliver(
                                receiver,
                                address,
                                parcel,
                                reply -> send(receiver.process, self, () -> answer.tryComplete(reply))));
            }
            boolean isEvent = parcel.header().hasEvent();
            if (isEvent) {
                observer.delivers(self, address, parcel);
            }
            return answer.future().onComplete(done -> {
                loop.cancel(timer);
                if (isEvent && done.succeeded()) {
                    observer.acknowledged(self, parcel);
                }
            });
        }

        @Override
        public Future<Void> tell(String address, Parcel parcel) {
            listeners.getOrDefault(address, List.of()).stream()
                    .limit(1)
                    .forEach(receiver ->
                            send(self, receiver.process, () -> deliver(receiver, address, parcel, reply -> {})));
            return Future.succeededFuture();
        }

        @Override
        public void publish(String address, Parcel parcel) {
            for (Listener receiver : List.copyOf(listeners.getOrDefault(address, List.of()))) {
                send(self, receiver.process, () -> deliver(receiver, address, parcel, reply -> {}));
            }
        }

        private void deliver(Listener receiver, String address, Parcel parcel, Consumer<OfferReply> reply) {
            if (!listeners.getOrDefault(address, List.of()).contains(receiver)) {
                return;
            }
            if (!parcel.header().hasStatus() && !parcel.header().hasGateway()) {
                world.note(() -> "%s -> %s: %s".formatted(self, receiver.process, Words.of(parcel)));
            }
            Runnable afterwards = observer.receives(receiver.process, parcel);
            receiver.handler.accept(new Delivery(parcel, answer -> {
                world.note(() -> "%s answers %s: %s %s"
                        .formatted(receiver.process, self, answer.getVerdict(), answer.getDetail()));
                reply.accept(answer);
            }));
            afterwards.run();
            if (parcel.header().hasEvent()) {
                reply.accept(TAKEN);
            }
        }

        @Override
        public Future<Inbox> listen(String address, Consumer<Delivery> handler) {
            List<Listener> there = listeners.computeIfAbsent(address, a -> new ArrayList<>());
            there.removeIf(listener -> listener.process.isDead());
            Listener listener = new Listener(self, handler);
            there.add(listener);
            return Future.succeededFuture(() -> {
                there.remove(listener);
                return Future.succeededFuture();
            });
        }
    }
}
