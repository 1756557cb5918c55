package dev.weir.runtime.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.StageKind;
import java.util.List;
import org.junit.jupiter.api.Test;

class AddressesTest {

    @Test
    void anAddressNamesItsNodeWhicheverDeviceIsMeant() {
        assertThat(Addresses.node(Addresses.gateway("41b963c6"))).contains("41b963c6");
        assertThat(Addresses.node(Addresses.stage(StageKind.TEXT_ENCODER, "41b963c6")))
                .contains("41b963c6");
        assertThat(Addresses.node(Addresses.stage(StageKind.DENOISER, "41b963c6-2")))
                .contains("41b963c6");
    }

    @Test
    void aSharedAddressIsThatOfNoNode() {
        assertThat(List.of(Addresses.STATUS, Addresses.CANCEL, Addresses.GATEWAYS))
                .allSatisfy(shared -> assertThat(Addresses.node(shared)).isEmpty());
    }
}
