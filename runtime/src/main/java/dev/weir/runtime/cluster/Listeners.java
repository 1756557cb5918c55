package dev.weir.runtime.cluster;

import com.hazelcast.cluster.Member;
import dev.weir.runtime.bus.Addresses;
import io.vertx.core.spi.cluster.RegistrationInfo;
import io.vertx.core.spi.cluster.RegistrationListener;
import io.vertx.core.spi.cluster.RegistrationUpdateEvent;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who listens at an address of the bus: the node that the address names; at a shared one, every member or every gateway. The bus
 * remembers an answer until it is told another one, so it is told when members come and go. Any thread, one at a time.
 */
final class Listeners {

    /** The attribute of a member with its node's id. */
    static final String NODE = "weir.node";

    /** The attribute of a member that is a gateway. */
    static final String GATEWAY = "weir.gateway";

    /** The attribute of a member with the id by which Vert.x knows it. */
    static final String BUS = "weir.bus";

    private static final Logger log = LoggerFactory.getLogger(Listeners.class);

    /** What follows from the members at one moment. */
    private record View(
            Map<String, List<RegistrationInfo>> byNode, List<RegistrationInfo> all, List<RegistrationInfo> gateways) {

        static View of(Collection<Member> members) {
            View view = new View(new HashMap<>(), new ArrayList<>(), new ArrayList<>());
            members.stream().filter(Listeners::isNode).forEach(view::add);
            return view;
        }

        private void add(Member member) {
            RegistrationInfo listener = new RegistrationInfo(member.getAttribute(BUS), 0, false);
            byNode.put(member.getAttribute(NODE), List.of(listener));
            all.add(listener);
            if (Boolean.parseBoolean(member.getAttribute(GATEWAY))) {
                gateways.add(listener);
            }
        }

        List<RegistrationInfo> at(String address) {
            Optional<String> node = Addresses.node(address);
            return node.isPresent()
                    ? byNode.getOrDefault(node.get(), List.of())
                    : address.equals(Addresses.GATEWAYS) ? gateways : all;
        }
    }

    private final Supplier<? extends Collection<Member>> members;
    /** By address, what the bus was told last. */
    private final Map<String, List<RegistrationInfo>> told = new ConcurrentHashMap<>();
    /** Members of other versions, each of which is logged once. */
    private final Set<UUID> strangers = new HashSet<>();

    private volatile RegistrationListener bus = new RegistrationListener() {};

    Listeners(Supplier<? extends Collection<Member>> members) {
        this.members = members;
    }

    void bus(RegistrationListener listener) {
        bus = listener;
    }

    synchronized List<RegistrationInfo> at(String address) {
        List<RegistrationInfo> found = View.of(members.get()).at(address);
        told.put(address, found);
        return found;
    }

    synchronized void membersChanged() {
        Collection<Member> now = members.get();
        warnOfStrangers(now);
        View view = View.of(now);
        told.forEach((address, before) -> {
            List<RegistrationInfo> found = view.at(address);
            if (!found.equals(before)) {
                told.put(address, found);
                bus.registrationsUpdated(new RegistrationUpdateEvent(address, found));
            }
        });
        told.values().removeIf(List::isEmpty); // The bus does not remember these.
    }

    private void warnOfStrangers(Collection<Member> now) {
        strangers.retainAll(now.stream().map(Member::getUuid).toList());
        now.stream()
                .filter(member -> !isNode(member) && strangers.add(member.getUuid()))
                .forEach(stranger -> log.warn(
                        "The member at {} is no node of this version of Weir. It gets no messages",
                        stranger.getAddress()));
    }

    private static boolean isNode(Member member) {
        return member.getAttribute(NODE) != null && member.getAttribute(BUS) != null;
    }
}
