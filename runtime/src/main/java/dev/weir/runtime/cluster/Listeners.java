package dev.weir.runtime.cluster;

import com.hazelcast.cluster.Member;
import dev.weir.runtime.bus.Addresses;
import io.vertx.core.spi.cluster.RegistrationInfo;
import io.vertx.core.spi.cluster.RegistrationListener;
import io.vertx.core.spi.cluster.RegistrationUpdateEvent;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who listens at an address of the bus: the node that the address names, or, at a shared one, every member. The bus remembers an answer
 * until it is told another one, so it is told when members come and go. Any thread.
 */
final class Listeners {

    /** The attribute of a member with its node's id. */
    static final String NODE = "weir.node";

    /** The attribute of a member with the id by which Vert.x knows it. */
    static final String VERTX_NODE = "__vertx.nodeId";

    private static final Logger log = LoggerFactory.getLogger(Listeners.class);

    private final Supplier<? extends Collection<Member>> members;
    /** The addresses whose answers the bus remembers. */
    private final Set<String> asked = ConcurrentHashMap.newKeySet();
    /** Members without a node's id, each of which is logged once. */
    private final Set<UUID> strangers = new HashSet<>();

    private volatile RegistrationListener bus = new RegistrationListener() {};

    Listeners(Supplier<? extends Collection<Member>> members) {
        this.members = members;
    }

    void tell(RegistrationListener listener) {
        bus = listener;
    }

    List<RegistrationInfo> at(String address) {
        asked.add(address); // First: a change after the look at the members is told.
        List<RegistrationInfo> found = at(address, members.get());
        if (found.isEmpty()) {
            asked.remove(address); // The bus asks again next time.
        }
        return found;
    }

    /** One change at a time, so that the last one that the bus hears of is the newest. */
    synchronized void membersChanged() {
        Collection<Member> now = members.get();
        warnOfStrangers(now);
        for (String address : asked) {
            List<RegistrationInfo> found = at(address, now);
            if (found.isEmpty()) {
                asked.remove(address);
            }
            bus.registrationsUpdated(new RegistrationUpdateEvent(address, found));
        }
    }

    private static List<RegistrationInfo> at(String address, Collection<Member> members) {
        Optional<String> node = Addresses.node(address);
        return members.stream()
                .filter(member -> member.getAttribute(NODE) != null)
                .filter(member -> node.isEmpty() || node.get().equals(member.getAttribute(NODE)))
                .map(member -> new RegistrationInfo(member.getAttribute(VERTX_NODE), 0, false))
                .toList();
    }

    private void warnOfStrangers(Collection<Member> now) {
        now.stream()
                .filter(member -> member.getAttribute(NODE) == null && strangers.add(member.getUuid()))
                .forEach(stranger -> log.warn(
                        "The member at {} is no node of this version of Weir. It gets no messages",
                        stranger.getAddress()));
    }
}
