package dev.weir.gateway.user;

import dev.weir.runtime.Loop;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;

/**
 * What the users of all gateways have had made. Each gateway adds its part to the cluster's memory once a second, and so learns the
 * parts of the others. Nothing waits for that memory. Event loop of the gateway.
 */
final class Usage {

    private static final long EXCHANGE_MS = 1000;
    /** A user who has been silent for so long is not looked up any more. */
    private static final long FORGOTTEN_MS = Duration.ofMinutes(5).toMillis();

    private static final Duration LIFE = Duration.ofDays(2);

    private final Loop loop;
    private final MemoryMap memory;
    private final Map<String, Account> accounts = new HashMap<>();

    private static final class Account {
        /** As the cluster's memory had it last. */
        Spent known = Spent.NOTHING;
        /** What it does not have yet. */
        Spent unwritten = Spent.NOTHING;

        long askedMs;
        boolean exchanging;
    }

    Usage(Loop loop, MemoryMap memory) {
        this.loop = loop;
        this.memory = memory;
        loop.every(EXCHANGE_MS, this::exchange);
    }

    Spent of(String user) {
        Account account = account(user);
        return account.known.plus(account.unwritten);
    }

    void add(String user, Spent more) {
        Account account = account(user);
        account.unwritten = account.unwritten.plus(more);
    }

    private Account account(String user) {
        Account account = accounts.computeIfAbsent(user, unknown -> new Account());
        account.askedMs = loop.nowMs();
        return account;
    }

    private void exchange() {
        for (Iterator<Map.Entry<String, Account>> all = accounts.entrySet().iterator(); all.hasNext(); ) {
            Map.Entry<String, Account> entry = all.next();
            Account account = entry.getValue();
            if (account.unwritten == Spent.NOTHING && loop.nowMs() - account.askedMs > FORGOTTEN_MS) {
                all.remove();
            } else if (!account.exchanging) {
                account.exchanging = true;
                exchange(entry.getKey(), account).onComplete(done -> account.exchanging = false);
            }
        }
    }

    /** Without an answer, or if another gateway was faster, it is tried again a second later. */
    private Future<Void> exchange(String user, Account account) {
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
