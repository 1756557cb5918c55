package dev.weir.gateway.ledger;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether this gateway may be partitioned: it was together with other nodes and lost them all without a goodbye. Data
 * that only this gateway holds dies with it, and data that it does not find may exist elsewhere. After the time that a
 * rejoin takes, it assumes that no other node is left. Event loop of the gateway.
 */
final class IsolationDetector {

    private static final Logger log = LoggerFactory.getLogger(IsolationDetector.class);

    private final BooleanSupplier together;
    private final long doubtNanos;
    private final LongSupplier nanoClock;
    private boolean wasTogether;
    private boolean saidGoodbye;
    private boolean doubts;
    private long lostNanos;

    /** @param doubt the longest time that a rejoin takes */
    IsolationDetector(BooleanSupplier together, Duration doubt, LongSupplier nanoClock) {
        this.together = together;
        this.doubtNanos = doubt.toNanos();
        this.nanoClock = nanoClock;
    }

    /**
     * The lease of another node has expired. @param goodbye whether the node said goodbye, which may be reported later
     */
    void left(boolean goodbye) {
        saidGoodbye = goodbye;
        if (goodbye && !wasTogether) {
            doubts = false;
        }
    }

    boolean isLost() {
        look();
        return doubts;
    }

    /** Call it now and then. */
    void look() {
        boolean isTogether = together.getAsBoolean();
        if (wasTogether && !isTogether && !saidGoodbye) {
            doubts = true;
            lostNanos = nanoClock.getAsLong();
            log.warn("This gateway sees no other node. It may be partitioned, so it accepts no jobs");
        }
        wasTogether = isTogether;
        if (isTogether) {
            saidGoodbye =
                    false; // A node that left while others stayed says nothing about the time when those are gone.
        }
        if (isTogether || nanoClock.getAsLong() - lostNanos >= doubtNanos) {
            doubts = false;
        }
    }
}
