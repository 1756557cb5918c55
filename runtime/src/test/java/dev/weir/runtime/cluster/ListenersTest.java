package dev.weir.runtime.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.cluster.Address;
import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.impl.MemberImpl;
import com.hazelcast.version.MemberVersion;
import dev.weir.runtime.bus.Addresses;
import io.vertx.core.spi.cluster.RegistrationInfo;
import io.vertx.core.spi.cluster.RegistrationListener;
import io.vertx.core.spi.cluster.RegistrationUpdateEvent;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ListenersTest {

    private final List<Member> members = new ArrayList<>();
    private final Listeners listeners = new Listeners(() -> List.copyOf(members));

    @Test
    void theNodeOfAnAddressListensThereAndAllOrAllGatewaysAtASharedOne() {
        members.addAll(List.of(member("a"), gateway("b")));

        assertThat(nodes(listeners.at("weir.denoiser.b-1"))).containsExactly("vertx-b");
        assertThat(nodes(listeners.at(Addresses.STATUS))).containsExactly("vertx-a", "vertx-b");
        assertThat(nodes(listeners.at(Addresses.CANCEL))).containsExactly("vertx-a", "vertx-b");
        assertThat(nodes(listeners.at(Addresses.GATEWAYS))).containsExactly("vertx-b");
        assertThat(listeners.at("weir.denoiser.c")).isEmpty();
    }

    @Test
    void theBusIsToldWhenWhatItRemembersHasChanged() {
        members.addAll(List.of(member("a"), member("b")));
        Map<String, List<String>> told = new HashMap<>();
        listeners.bus(new RegistrationListener() {
            @Override
            public void registrationsUpdated(RegistrationUpdateEvent event) {
                told.put(event.address(), nodes(event.registrations()));
            }
        });
        listeners.at(Addresses.STATUS);
        listeners.at("weir.denoiser.a");
        listeners.at("weir.denoiser.b");
        listeners.at("weir.denoiser.c");

        members.remove(1);
        members.add(member("c"));
        listeners.membersChanged();

        assertThat(told)
                .isEqualTo(Map.of(
                        Addresses.STATUS,
                        List.of("vertx-a", "vertx-c"),
                        "weir.denoiser.b",
                        List.of(),
                        "weir.denoiser.c",
                        List.of("vertx-c")));
    }

    @Test
    void aMemberOfAnotherVersionGetsNoMessages() {
        members.addAll(List.of(member("a"), member(Map.of("__vertx.nodeId", "vertx-x"))));
        listeners.membersChanged();

        assertThat(nodes(listeners.at(Addresses.STATUS))).containsExactly("vertx-a");
    }

    private static List<String> nodes(List<RegistrationInfo> registrations) {
        return registrations.stream().map(RegistrationInfo::nodeId).toList();
    }

    private static Member member(String node) {
        return member(Map.of(Listeners.NODE, node, Listeners.BUS, "vertx-" + node, Listeners.GATEWAY, "false"));
    }

    private static Member gateway(String node) {
        return member(Map.of(Listeners.NODE, node, Listeners.BUS, "vertx-" + node, Listeners.GATEWAY, "true"));
    }

    private static Member member(Map<String, String> attributes) {
        try {
            return new MemberImpl.Builder(new Address("127.0.0.1", 1))
                    .uuid(UUID.randomUUID())
                    .version(MemberVersion.of(5, 7, 0))
                    .attributes(attributes)
                    .build();
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }
}
