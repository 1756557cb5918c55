package dev.weir.client;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.client.GatewaySocket.BrokenException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class GatewaySocketTest {

    private final GatewaySocket socket = new GatewaySocket();

    @ParameterizedTest
    @CsvSource({
        "1006,'',the connection to the gateway broke",
        "1001,'',the gateway closed the connection (1001)",
        "1013,the gateway is full,the gateway closed the connection (1013 the gateway is full)"
    })
    void aConnectionThatEndsSaysWhyInWords(int code, String reason, String message) {
        socket.onClose(null, code, reason);

        assertThatThrownBy(socket::next).isInstanceOf(BrokenException.class).hasMessage(message);
    }
}
