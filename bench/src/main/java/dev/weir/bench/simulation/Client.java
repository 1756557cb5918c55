package dev.weir.bench.simulation;

import dev.weir.bench.simulation.Cluster.Member;
import dev.weir.gateway.job.Attendance;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Cancelled;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Failed;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.ledger.UnknownJobException;
import dev.weir.gateway.user.User;
import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A client with one job: it repeats its request until some gateway answers, watches the job at any gateway, leaves and
 * comes back, and checks what it is told.
 */
final class Client {

    /**
     * What may happen in spite of the protocol's promises.
     *
     * @param twoOwners two parts of a divided cluster may both work on a job
     * @param twoEnds an end that the store did not take in time may be reported, and be lost with its owner
     * @param failures samples that are lost too often fail
     */
    record Expected(boolean twoOwners, boolean twoEnds, boolean failures) {}

    private static final long NETWORK_MICROS = 500;
    private static final long PATIENCE_MS = 6000;
    private static final long SILENCE_MS = 3000;
    private static final long PAUSE_MS = 500;
    /** A request for a job ends within 5 s. */
    private static final long FIND_MS = 5100;

    private final World world;
    private final Cluster cluster;
    private final Process process;
    private final SplittableRandom random;
    private final String key;
    private final JobSpec spec;
    private final int steps;
    private final boolean cancels;
    private final Expected expected;
    private final Map<Integer, JobEvent> ends = new HashMap<>();
    private String id = "";
    private long seq;
    private long heardMs;
    /** Increases with each connection: what a former one brings is not read any more. */
    private int connection;

    private boolean cancelled;

    Client(World world, Cluster cluster, SplittableRandom plan, int number, Expected expected) {
        this.world = world;
        this.cluster = cluster;
        this.process = new Process(world, "client-" + number);
        this.random = plan.split();
        this.key = "key-" + number;
        this.steps = 1 + random.nextInt(12);
        this.spec = SimulatedModel.job(
                random.nextLong() >>> 1,
                1 + random.nextInt(random.nextInt(1, 5)),
                steps,
                dev.weir.proto.v1.Priority.forNumber(random.nextInt(3)));
        this.cancels = random.nextInt(12) == 0;
        this.expected = expected;
        world.after(1000 * (1500 + random.nextLong(3500)), process, this::submit);
    }

    int samples() {
        return spec.samples();
    }

    boolean isDone() {
        return !id.isEmpty() && ends.size() == spec.samples();
    }

    @Override
    public String toString() {
        return "%s with job %s: %d of %d samples have ended"
                .formatted(process, Words.id(id), ends.size(), spec.samples());
    }

    private Member anyGateway() {
        List<Member> all = cluster.gateways();
        return all.get(random.nextInt(all.size()));
    }

    /** Runs an action in a gateway, if the connection lasts. */
    private void at(Member gateway, Runnable action) {
        world.after(NETWORK_MICROS, gateway.process(), action);
    }

    private void answer(Runnable action) {
        world.after(NETWORK_MICROS, process, action);
    }

    private void later(long ms, Runnable action) {
        int now = connection;
        world.after(1000 * ms, process, () -> {
            if (now == connection) {
                action.run();
            }
        });
    }

    private void submit() {
        int mine = ++connection;
        later(PATIENCE_MS, this::submit);
        Member gateway = anyGateway();
        at(gateway, () -> gateway.gateway()
                .ledger()
                .of(User.ANYONE)
                .submit(spec, key, key.getBytes(StandardCharsets.UTF_8))
                .onComplete(accepted -> answer(() -> {
                    if (accepted.succeeded()) {
                        accepted(accepted.result().id(), mine);
                    } else if (mine == connection) {
                        later(PAUSE_MS, this::submit);
                    }
                })));
    }

    /** The answer of a former connection counts too: the gateway has promised the job. */
    private void accepted(String job, int mine) {
        world.note(() -> "%s is answered 202 %s".formatted(process, Words.id(job)));
        if (!id.isEmpty() && !id.equals(job) && !expected.twoOwners()) {
            world.violate("the key of %s has two jobs: %s and %s".formatted(process, id, job));
        }
        id = id.isEmpty() ? job : id;
        if (mine == connection) {
            watch();
        }
    }

    private void watch() {
        if (isDone()) {
            return;
        }
        int mine = ++connection;
        heardMs = world.ms();
        checkSilence();
        Member gateway = anyGateway();
        at(gateway, () -> {
            long askedMs = world.ms();
            long stoodMs = gateway.process().stoodStillMs();
            Future<KeptJob> found = gateway.gateway().ledger().of(User.ANYONE).find(id);
            found.onComplete(answer -> {
                long took = world.ms() - askedMs - (gateway.process().stoodStillMs() - stoodMs);
                if (took > FIND_MS) {
                    world.violate("a request for %s at %s took %d ms".formatted(Words.id(id), gateway.process(), took));
                }
                if (answer.succeeded()) {
                    attach(gateway, answer.result(), mine);
                } else {
                    answer(() -> refused(answer.cause(), mine));
                }
            });
        });
        if (random.nextInt(3) == 0) {
            later(random.nextLong(3000), this::leave);
        }
        if (cancels && !cancelled && random.nextBoolean()) {
            later(random.nextLong(1500), this::cancel);
        }
    }

    private void refused(Throwable problem, int mine) {
        if (problem instanceof UnknownJobException && !expected.twoOwners()) {
            world.violate("the answered job %s is unknown".formatted(Words.id(id)));
        }
        if (mine == connection) {
            later(PAUSE_MS, this::watch);
        }
    }

    private void attach(Member gateway, KeptJob job, int mine) {
        Attendance attendance = gateway.gateway()
                .ledger()
                .of(User.ANYONE)
                .attend(job, event -> answer(() -> on(event, mine)), () -> answer(() -> lost(mine)));
        long after = seq;
        world.note(() -> "%s continues at %s after number %d.%d"
                .formatted(process, gateway.process(), after >>> 24, after & 0xffffff));
        job.eventsAfter(seq).forEach(event -> answer(() -> on(event, mine)));
        answer(() -> {
            if (mine != connection) {
                at(gateway, attendance::leave);
            } else {
                onLeave = () -> at(gateway, attendance::leave);
            }
        });
    }

    private Runnable onLeave = () -> {};

    private void lost(int mine) {
        if (mine == connection) {
            watch();
        }
    }

    private void checkSilence() {
        later(SILENCE_MS, () -> {
            if (world.ms() - heardMs >= SILENCE_MS) {
                disconnect();
                watch();
            } else {
                checkSilence();
            }
        });
    }

    private void leave() {
        disconnect();
        connection++;
        later(200 + random.nextLong(4000), this::watch);
    }

    private void disconnect() {
        onLeave.run();
        onLeave = () -> {};
    }

    private void cancel() {
        Member gateway = anyGateway();
        cancelled = true;
        world.note(() -> "%s cancels %s".formatted(process, Words.id(id)));
        at(gateway, () -> gateway.gateway().ledger().of(User.ANYONE).cancel(id));
    }

    private void on(JobEvent event, int mine) {
        if (mine != connection) {
            return;
        }
        heardMs = world.ms();
        seq = Math.max(seq, event.at().seq());
        if (event.isLast()) {
            ended(event);
        }
        if (isDone()) {
            disconnect();
            connection++;
        }
    }

    private void ended(JobEvent end) {
        int sample = end.at().sample();
        world.note(() -> "%s is told %s of sample %d".formatted(process, brief(end), sample));
        JobEvent before = ends.put(sample, end);
        if (before != null && before.at().seq() != end.at().seq() && !expected.twoEnds()) {
            world.violate("%s/%d ended twice: %s".formatted(Words.id(id), sample, List.of(brief(before), brief(end))));
        }
        if (end instanceof Failed failed && !expected.failures()) {
            world.violate("%s/%d failed: %s".formatted(Words.id(id), sample, failed.failure()));
        }
        if (end instanceof Cancelled && !cancelled) {
            world.violate("%s/%d was cancelled by nobody".formatted(Words.id(id), sample));
        }
        if (end instanceof Completed completed
                && !Arrays.equals(completed.picture().bytes(), SimulatedStage.picture(spec.seed(sample), steps))) {
            world.violate("%s/%d has another picture than undisturbed, of %d bytes"
                    .formatted(Words.id(id), sample, completed.picture().bytes().length));
        }
    }

    private static String brief(JobEvent end) {
        return "%s, number %d.%d"
                .formatted(
                        end.getClass().getSimpleName(),
                        end.at().seq() >>> 24,
                        end.at().seq() & 0xffffff);
    }
}
