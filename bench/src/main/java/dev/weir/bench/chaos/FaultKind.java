package dev.weir.bench.chaos;

import dev.weir.bench.cluster.BadClient;
import dev.weir.bench.cluster.Garbage;
import dev.weir.bench.cluster.JobRequest;
import dev.weir.bench.cluster.Member;
import dev.weir.bench.cluster.Network.RemoteHost;
import dev.weir.runtime.Role;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** What may happen to a node. Each blocks until the node is as it was before. */
enum FaultKind {

    /** Ends without a word, and is started anew. */
    KILL(10) {
        @Override
        void strike(Member member, RandomGenerator random) {
            member.process().kill();
            member.process().awaitExit();
            startAnew(member);
        }
    },

    /** Is told to stop, drains, and is started anew. */
    TERMINATE(6) {
        @Override
        void strike(Member member, RandomGenerator random) {
            member.process().terminate();
            member.process().awaitExit();
            startAnew(member);
        }
    },

    /** Stands still for a while: shorter than a lease, longer than a lease, or until it is no member any more. */
    FREEZE(5) {
        @Override
        void strike(Member member, RandomGenerator random) throws InterruptedException {
            member.process().freeze();
            try {
                pause(random);
            } finally {
                member.process().thaw();
            }
        }
    },

    /** Reaches nobody for a while, and nobody reaches it. */
    CUT_OFF(5) {
        @Override
        boolean fits(Member member) {
            return member.host() instanceof RemoteHost;
        }

        @Override
        void strike(Member member, RandomGenerator random) throws InterruptedException {
            RemoteHost host = (RemoteHost) member.host();
            host.cutOff();
            try {
                pause(random);
            } finally {
                host.heal();
            }
        }
    },

    /** Is sent what makes no sense, at all its ports. */
    GARBAGE(2) {
        @Override
        void strike(Member member, RandomGenerator random) {
            if (Garbage.throwAt(member, random) == 0) {
                throw new IllegalStateException(member + " took no garbage: it listens nowhere");
            }
        }
    },

    /** Serves a client that reads nothing. */
    SLOW_CLIENT(1) {
        @Override
        boolean fits(Member member) {
            return member.role() == Role.GATEWAY;
        }

        @Override
        void strike(Member member, RandomGenerator random) throws IOException, InterruptedException {
            BadClient client = BadClient.ask(member.url(), UNREAD);
            try {
                pause(random);
            } finally {
                client.close();
            }
        }
    },

    /** Serves a client that is gone at once. */
    VANISHED_CLIENT(1) {
        @Override
        boolean fits(Member member) {
            return member.role() == Role.GATEWAY;
        }

        @Override
        void strike(Member member, RandomGenerator random) throws IOException, InterruptedException {
            BadClient client = BadClient.ask(member.url(), UNREAD);
            TimeUnit.MILLISECONDS.sleep(random.nextInt(MOST_CLIENT_MS));
            client.vanish();
        }
    };

    private static final JobRequest UNREAD = new JobRequest("a picture that nobody reads", 1, 20, "ddim", 1, 4);
    private static final int MOST_CLIENT_MS = 1500;
    private static final int LEAST_PAUSE_MS = 1000;
    private static final int MOST_PAUSE_MS = 14_000;

    /** How often it is chosen, beside the others. */
    private final int weight;

    FaultKind(int weight) {
        this.weight = weight;
    }

    int weight() {
        return weight;
    }

    boolean fits(Member member) {
        return true;
    }

    abstract void strike(Member member, RandomGenerator random) throws IOException, InterruptedException;

    private static void startAnew(Member member) {
        member.start();
        member.awaitReady();
    }

    private static void pause(RandomGenerator random) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(random.nextInt(LEAST_PAUSE_MS, MOST_PAUSE_MS));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
