package dev.weir.bench.chaos;

import dev.weir.bench.cluster.BadClient;
import dev.weir.bench.cluster.Garbage;
import dev.weir.bench.cluster.JobRequest;
import dev.weir.bench.cluster.Member;
import dev.weir.bench.cluster.Network.RemoteHost;
import dev.weir.runtime.Role;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** The kinds of faults. Each blocks until the node is back in its previous state. */
public enum FaultKind {

    /** The process is killed and restarted. */
    KILL(10) {
        @Override
        public void strike(Member member, Duration time, RandomGenerator random) {
            member.process().kill();
            member.process().awaitExit();
            startAnew(member);
        }
    },

    /** The process is told to stop, drains, and is restarted. */
    TERMINATE(6) {
        @Override
        public void strike(Member member, Duration time, RandomGenerator random) {
            member.process().terminate();
            member.process().awaitExit();
            startAnew(member);
        }
    },

    /**
     * The process is frozen for a while: shorter than a lease, longer than a lease, or until it is no member any more.
     */
    FREEZE(5) {
        @Override
        public void strike(Member member, Duration time, RandomGenerator random) throws InterruptedException {
            member.process().freeze();
            try {
                TimeUnit.MILLISECONDS.sleep(time.toMillis());
            } finally {
                member.process().thaw();
            }
        }
    },

    /** The node is partitioned for a while. */
    CUT_OFF(5) {
        @Override
        public boolean fits(Member member) {
            return member.host() instanceof RemoteHost;
        }

        @Override
        public void strike(Member member, Duration time, RandomGenerator random) throws InterruptedException {
            RemoteHost host = (RemoteHost) member.host();
            host.cutOff();
            try {
                TimeUnit.MILLISECONDS.sleep(time.toMillis());
            } finally {
                host.heal();
            }
        }
    },

    /** All ports of the node receive garbage. */
    GARBAGE(2) {
        @Override
        public void strike(Member member, Duration time, RandomGenerator random) {
            if (Garbage.throwAt(member, random) == 0) {
                throw new IllegalStateException(member + " took no garbage: it listens nowhere");
            }
        }
    },

    /** A client of the node reads nothing. */
    SLOW_CLIENT(1) {
        @Override
        public boolean fits(Member member) {
            return member.role() == Role.GATEWAY;
        }

        @Override
        public void strike(Member member, Duration time, RandomGenerator random)
                throws IOException, InterruptedException {
            BadClient client = BadClient.ask(member.url(), UNREAD);
            try {
                TimeUnit.MILLISECONDS.sleep(time.toMillis());
            } finally {
                client.close();
            }
        }
    },

    /** A client of the node disconnects at once. */
    VANISHED_CLIENT(1) {
        @Override
        public boolean fits(Member member) {
            return member.role() == Role.GATEWAY;
        }

        @Override
        public void strike(Member member, Duration time, RandomGenerator random)
                throws IOException, InterruptedException {
            BadClient client = BadClient.ask(member.url(), UNREAD);
            TimeUnit.MILLISECONDS.sleep(random.nextInt(MOST_CLIENT_MS));
            client.vanish();
        }
    };

    private static final JobRequest UNREAD = new JobRequest("a picture that nobody reads", 1, 20, "ddim", 1, 4);
    private static final int MOST_CLIENT_MS = 1500;

    /** How often this kind is chosen, relative to the others. */
    private final int weight;

    FaultKind(int weight) {
        this.weight = weight;
    }

    int weight() {
        return weight;
    }

    public boolean fits(Member member) {
        return true;
    }

    /** @param time how long it lasts, if it does not end by itself */
    public abstract void strike(Member member, Duration time, RandomGenerator random)
            throws IOException, InterruptedException;

    private static void startAnew(Member member) {
        member.start();
        member.awaitReady();
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
