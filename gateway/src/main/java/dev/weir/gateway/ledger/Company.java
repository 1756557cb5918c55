package dev.weir.gateway.ledger;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether this gateway may be the one that is cut off: it was together with others, and lost them all without a goodbye. What it
 * remembers alone dies with it, and what it does not find may be known elsewhere. Whoever is alone for longer than it takes to
 * find back has nobody to find. Event loop of the gateway.
 */
final class Company {

    private static final Logger log = LoggerFactory.getLogger(Company.class);

    private final BooleanSupplier together;
    private final long doubtNanos;
    private final LongSupplier nanoClock;
    private boolean wasTogether;
    private boolean saidGoodbye;
    private boolean doubts;
    private long lostNanos;

    /** @param doubt how long it takes to find back, at most */
    Company(BooleanSupplier together, Duration doubt, LongSupplier nanoClock) {
        this.together = together;
        this.doubtNanos = doubt.toNanos();
        this.nanoClock = nanoClock;
    }

    /** Another node is heard no more. @param goodbye whether it said so, which may be told later than it is seen */
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

    /** To be called now and then. */
    void look() {
        boolean isTogether = together.getAsBoolean();
        if (wasTogether && !isTogether && !saidGoodbye) {
            doubts = true;
            lostNanos = nanoClock.getAsLong();
            log.warn("No other node is to be seen: this one may be cut off, and takes in no jobs");
        }
        wasTogether = isTogether;
        if (isTogether) {
            saidGoodbye = false; // Who left while others stayed says nothing of when those are gone.
        }
        if (isTogether || nanoClock.getAsLong() - lostNanos >= doubtNanos) {
            doubts = false;
        }
    }
}
