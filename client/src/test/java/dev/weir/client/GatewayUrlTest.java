package dev.weir.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class GatewayUrlTest {

    @ParameterizedTest
    @CsvSource({
        "http://127.0.0.1:8080, http://127.0.0.1:8080",
        "http://127.0.0.1:8080/, http://127.0.0.1:8080",
        "http://127.0.0.1:8080/v1, http://127.0.0.1:8080",
        "http://127.0.0.1:8080/v1/, http://127.0.0.1:8080",
        "http://127.0.0.1:8080//v1//, http://127.0.0.1:8080",
        "https://weir.example.org, https://weir.example.org",
        "HTTPS://weir.example.org/, https://weir.example.org",
        "https://example.org/images/v1/, https://example.org/images",
        "https://example.org/a/b/, https://example.org/a/b",
        "https://example.org/v10, https://example.org/v10",
        "127.0.0.1:8080, http://127.0.0.1:8080",
        "localhost:8080/v1, http://localhost:8080",
        "weir, http://weir",
        "[::1]:8080, http://[::1]:8080",
        "http://[::1]:8080/v1, http://[::1]:8080",
    })
    void acceptsTheFormsThatPeopleGive(String given, String base) {
        assertThat(GatewayUrl.parse(given)).hasToString(base);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "http://",
                "ftp://host",
                "http://a b",
                "http://host:port",
                "file:///tmp/x",
                "http://host/?q=1",
                "http://host/#top",
                "http://user:secret@host/"
            })
    void refusesWhatIsNoGateway(String given) {
        assertThatThrownBy(() -> GatewayUrl.parse(given)).isInstanceOf(IllegalArgumentException.class);
    }
}
