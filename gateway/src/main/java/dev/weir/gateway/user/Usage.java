package dev.weir.gateway.user;

import dev.weir.runtime.Loop;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What users have used at all gateways. Each gateway adds its part to the cluster's memory once a second, and so learns the
 * parts of the others. Nothing waits for that memory. A write whose answer is lost is repeated, so that it may count twice. Event
 * loop of the gateway.
 */
final class Usage {

    private static final long EXCHANGE_MS = 1000;
    /** A user who has been silent for so long is looked up only now and then. */
    private static final long SILENT_MS = Duration.ofMinutes(5).toMillis();

    private static final long SILENT_EXCHANGE_MS = 10_000;
    private static final Duration LIFE = Duration.ofDays(2);

    private final Loop loop;
    private final MemoryMap memory;
    private final Supplier<Set<String>> counted;
    private final Map<String, Account> accounts = new HashMap<>();

    private static final class Account {
        /** As the cluster's memory had it last; null until it has answered. */
        Spent known;
        /** What it does not have yet. */
        Spent unwritten = Spent.NOTHING;

        long askedMs;
        long exchangedMs;
        boolean exchanging;

        boolean isDue(long nowMs) {
            return known == null
                    || unwritten != Spent.NOTHING
                    || nowMs - askedMs < SILENT_MS
                    || nowMs - exchangedMs >= SILENT_EXCHANGE_MS;
        }
    }

    /** @param counted the names of the users who have a limit to what is counted here */
    Usage(Loop loop, MemoryMap memory, Supplier<Set<String>> counted) {
        this.loop = loop;
        this.memory = memory;
        this.counted = counted;
        exchange();
        loop.every(EXCHANGE_MS, this::exchange);
    }

    /** Empty as long as the memory has not said what the user had used before. */
    Optional<Spent> of(String user) {
        Account account = account(user);
        account.askedMs = loop.nowMs();
        if (account.known == null) {
            exchange(user, account);
        }
        return Optional.ofNullable(account.known).map(known -> known.plus(account.unwritten));
    }

    void add(String user, Spent more) {
        Account account = account(user);
        account.unwritten = account.unwritten.plus(more);
    }

    private Account account(String user) {
        return accounts.computeIfAbsent(user, unknown -> new Account());
    }

    /** Also looks up users who are new. */
    void exchange() {
        Set<String> users = counted.get();
        accounts.entrySet()
                .removeIf(entry -> !users.contains(entry.getKey()) && entry.getValue().unwritten == Spent.NOTHING);
        users.forEach(this::account);
        accounts.forEach((user, account) -> {
            if (account.isDue(loop.nowMs())) {
                exchange(user, account);
            }
        });
    }

    private void exchange(String user, Account account) {
        if (!account.exchanging) {
            account.exchanging = true;
            account.exchangedMs = loop.nowMs();
            exchanged(user, account).onComplete(done -> account.exchanging = false);
        }
    }

    /** Without an answer, or if another gateway was faster, it is tried again a second later. */
    private Future<Void> exchanged(String user, Account account) {
        return memory.get(user).compose(found -> {
            Spent there = found.map(Spent::parse).orElse(Spent.NOTHING);
            Spent mine = account.unwritten;
            if (mine == Spent.NOTHING) {
                account.known = there;
                return Future.succeededFuture();
            }
            account.unwritten = Spent.NOTHING;
            account.known = there.plus(mine);
            byte[] both = account.known.toBytes();
            Future<Boolean> written = found.isPresent()
                    ? memory.replace(user, found.get(), both, LIFE)
                    : memory.putIfAbsent(user, both, LIFE).map(other -> other.isEmpty());
            return written.otherwise(false)
                    .onSuccess(isWritten -> {
                        if (!isWritten) {
                            account.known = there;
                            account.unwritten = account.unwritten.plus(mine);
                        }
                    })
                    .mapEmpty();
        });
    }
}
