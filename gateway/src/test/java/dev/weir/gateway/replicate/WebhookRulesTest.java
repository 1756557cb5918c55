package dev.weir.gateway.replicate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where webhooks may go, and how they are signed. */
final class WebhookRulesTest {

    private final WebhookTargets targets = new WebhookTargets(Set.of("127.0.0.1", "hooks.internal"));

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://8.8.8.8/hook",
                "https://[2606:4700::1111]/hook",
                "https://hooks.example:8443/a?b=c",
                "http://127.0.0.1:9999/",
                "http://hooks.internal/",
                "https://HOOKS.internal/"
            })
    void theseMayBeCalled(String url) {
        targets.require(url);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://hooks.example/",
                "ftp://hooks.example/",
                "file:///etc/passwd",
                "https:///path",
                "https://user:word@hooks.example/",
                "nothing",
                "https://a b/",
                "https://8.8.8.8:0/",
                "https://8.8.8.8:65536/",
                "https://10.0.0.1/",
                "https://100.64.0.1/",
                "https://127.0.0.2/",
                "https://169.254.169.254/latest",
                "https://172.31.255.255/",
                "https://192.168.1.1/",
                "https://198.18.0.1/",
                "https://0.0.0.0/",
                "https://224.0.0.1/",
                "https://255.255.255.255/",
                "https://[::1]/",
                "https://[::]/",
                "https://[::ffff:10.0.0.1]/",
                "https://[fc00::1]/",
                "https://[fd12:3456::1]/",
                "https://[fe80::1]/",
                "https://[ff02::1]/",
                "https://[64:ff9b::a00:1]/",
                "https://[2002:a00:1::]/",
                "https://[2001::1]/",
                "https://[2001:db8::1]/"
            })
    void theseMayNot(String url) {
        assertThatThrownBy(() -> targets.require(url)).isInstanceOf(IllegalArgumentException.class);
    }

    /** A name or another spelling of an address is seen only when it is looked up. */
    @ParameterizedTest
    @ValueSource(strings = {"https://localhost/", "https://2130706434/", "https://[::ffff:127.0.0.2]/"})
    void whatANameStandsForIsCheckedToo(String url) {
        assertThatThrownBy(() -> targets.resolve(url)).isInstanceOf(IllegalArgumentException.class);
    }

    /** A second look-up of a name may have another answer. */
    @Test
    void theCheckedAddressIsTheOneThatIsCalled() throws IOException {
        WebhookTargets.Target target =
                new WebhookTargets(Set.of("localhost")).resolve("http://LOCALHOST:81/hook?job=1");

        assertThat(target.host()).isEqualTo("localhost");
        assertThat(target.address()).isIn("127.0.0.1", "0:0:0:0:0:0:0:1");
        assertThat(target.port()).isEqualTo(81);
        assertThat(target.path()).isEqualTo("/hook?job=1");
        assertThat(target.tls()).isFalse();
    }

    /** The numbers were verified with the package replicate 1.0.7 of Python. */
    @Test
    void aSignatureIsThatOfStandardWebhooks(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("secret"), "0123456789abcdef0123456789abcdef\n");
        WebhookSecret secret = WebhookSecret.of(file);

        assertThat(secret.shown("anna")).isEqualTo("whsec_2gZuYh7dLcm3l2DMaeu2GtiI7JH/N3/mrhqHsf7Wxxg=");
        assertThat(secret.signature("anna", "job-completed", 1_700_000_000, "{\"id\":\"x\",\"logs\":\"█\"}"))
                .isEqualTo("v1,zPNiy4umEQsFuMO7c3J2VfLv+pN4uf4SskPcUI/d49w=");
        assertThat(secret.shown("bob")).isNotEqualTo(secret.shown("anna"));
    }

    @Test
    void aSecretThatCanBeGuessedIsRefused(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("secret"), "short\n");

        assertThatThrownBy(() -> WebhookSecret.of(file)).hasMessageContaining("at least 32");
        assertThatThrownBy(() -> WebhookSecret.of(folder.resolve("none"))).hasMessageContaining("cannot be read");
    }
}
