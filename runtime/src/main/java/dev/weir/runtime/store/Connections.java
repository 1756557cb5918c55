package dev.weir.runtime.store;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bounded number of connections to the database. Each call ends within its limit. It knows whether the database works,
 * and logs changes, but not before it worked once. Any thread.
 *
 * <p>The client has no time limit for connections: those to a host that disappeared without a word would be waited for
 * until TCP gives up. So all connections are replaced when calls get no answer.
 */
final class Connections {

    private static final Logger log = LoggerFactory.getLogger(Connections.class);

    /** The server ends a statement after this time. Callers have long stopped waiting. */
    private static final Duration STATEMENT_LIMIT = Duration.ofSeconds(5);

    /** Connections over which nothing arrives for so long, although something was asked, are presumed dead. */
    private static final Duration SILENCE = Duration.ofSeconds(2);

    /** Classes of errors about the values of one statement: data exceptions, and limits such as the longest key. */
    private static final Set<String> ABOUT_VALUES = Set.of("22", "54");

    private static final int SIZE = 8;
    private static final int WAITING = 1024;
    private static final int IDLE_SECONDS = 60;

    private final Vertx vertx;
    private final StoreConfig config;
    private final LongSupplier nanoClock;
    private Pool pool;
    private long heardNanos;
    private long awaySinceNanos;
    private String problem;
    private boolean wasThere;
    private boolean closed;

    Connections(Vertx vertx, StoreConfig config, LongSupplier nanoClock) {
        this.vertx = vertx;
        this.config = config;
        this.nanoClock = nanoClock;
        this.pool = open();
    }

    private Pool open() {
        heardNanos = nanoClock.getAsLong();
        return PgBuilder.pool()
                .using(vertx)
                .connectingTo(config.toOptions(STATEMENT_LIMIT.toMillis()))
                .with(new PoolOptions()
                        .setMaxSize(SIZE)
                        .setMaxWaitQueueSize(WAITING)
                        .setIdleTimeout(IDLE_SECONDS))
                .build();
    }

    Future<RowSet<Row>> execute(String sql, Tuple parameters, Duration limit) {
        return within(limit, pool -> pool.preparedQuery(sql).execute(parameters));
    }

    <T> Future<T> inTransaction(Function<SqlConnection, Future<T>> work, Duration limit) {
        return within(limit, pool -> pool.withTransaction(work));
    }

    private <T> Future<T> within(Duration limit, Function<Pool, Future<T>> call) {
        Pool asked = current();
        return call.apply(asked)
                .timeout(limit.toMillis(), TimeUnit.MILLISECONDS)
                .onSuccess(answer -> answered())
                .onFailure(failure -> {
                    if (isAboutValues(failure)) {
                        answered();
                    } else {
                        unanswered(asked, failure);
                    }
                });
    }

    /** Then the database works, and only this statement failed. */
    private static boolean isAboutValues(Throwable failure) {
        return failure instanceof PgException refusal
                && refusal.getSqlState() != null
                && ABOUT_VALUES.contains(refusal.getSqlState().substring(0, 2));
    }

    private synchronized Pool current() {
        return pool;
    }

    private synchronized void answered() {
        heardNanos = nanoClock.getAsLong();
        wasThere = true;
        if (problem != null) {
            problem = null;
            log.warn("The store {} works again, after {} s", config, secondsAway());
        }
    }

    private synchronized void unanswered(Pool asked, Throwable failure) {
        if (closed || asked != pool) {
            return; // What was asked before all connections were replaced fails because of that.
        }
        if (problem == null) {
            awaySinceNanos = nanoClock.getAsLong();
        }
        if (problem == null && wasThere) {
            log.warn("The store {} does not work: {}", config, reason(failure));
        }
        problem = reason(failure);
        if (failure instanceof TimeoutException && nanoClock.getAsLong() - heardNanos > SILENCE.toNanos()) {
            pool = open();
            asked.close();
        }
    }

    private long secondsAway() {
        return TimeUnit.NANOSECONDS.toSeconds(nanoClock.getAsLong() - awaySinceNanos);
    }

    static String reason(Throwable failure) {
        if (failure instanceof PgException refusal) {
            return refusal.getErrorMessage();
        }
        if (failure instanceof TimeoutException) {
            return "it did not answer in time";
        }
        if (failure instanceof UnknownHostException) {
            return "its host is unknown: " + failure.getMessage();
        }
        return Optional.ofNullable(failure.getMessage()).orElseGet(failure::toString);
    }

    /** Empty if the database works. Anybody may read it in a health check, so the address and the reason are in the log only. */
    synchronized Optional<String> problem() {
        return Optional.ofNullable(problem)
                .map(reason ->
                        "the store has not worked for %d s, see the log; until it works again jobs cannot be recorded"
                                .formatted(secondsAway()));
    }

    synchronized Future<Void> close() {
        closed = true;
        return pool.close();
    }
}
