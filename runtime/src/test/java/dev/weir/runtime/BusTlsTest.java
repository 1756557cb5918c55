package dev.weir.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BusTlsTest {

    private static @TempDir Path folder;
    private static TestAuthority authority;
    private static BusTls node;
    private static BusTls foreign;

    @BeforeAll
    static void makeCertificates() throws Exception {
        authority = new TestAuthority(folder, "ours");
        node = authority.issue("node", 1);
        foreign = new TestAuthority(folder, "theirs").issue("node", 1);
    }

    @Test
    void filesThatBelongTogetherAreFine() {
        assertThat(node.problems()).isEmpty();
    }

    @Test
    void filesThatAreNotThereOrHoldSomethingElseAreNamed() throws Exception {
        Path nowhere = folder.resolve("nowhere.pem");
        Path text = Files.writeString(folder.resolve("text.pem"), "no certificate");

        assertThat(new BusTls(nowhere, nowhere, nowhere).problems())
                .containsExactly(
                        "bus-tls-cert: %s cannot be read".formatted(nowhere),
                        "bus-tls-ca: %s cannot be read".formatted(nowhere));
        assertThat(new BusTls(node.certificate(), nowhere, node.authority()).problems())
                .containsExactly("bus-tls-key: %s cannot be read".formatted(nowhere));
        assertThat(new BusTls(text, node.key(), text).problems())
                .hasSize(2)
                .allMatch(problem -> problem.contains(text.toString()));
        assertThat(new BusTls(node.certificate(), text, node.authority()).problems())
                .singleElement()
                .asString()
                .startsWith("bus-tls-key: %s holds no PEM key".formatted(text));
    }

    @Test
    void aKeyOfAnotherCertificateIsNoticed() {
        assertThat(new BusTls(node.certificate(), foreign.key(), node.authority()).problems())
                .containsExactly("bus-tls-key: %s is not the key of %s".formatted(foreign.key(), node.certificate()));
    }

    @Test
    void aCertificateThatTheAuthorityDoesNotVouchForIsNoticed() throws Exception {
        assertThat(new BusTls(foreign.certificate(), foreign.key(), node.authority()).problems())
                .singleElement()
                .asString()
                .startsWith("bus-tls-cert: %s is not one that".formatted(foreign.certificate()));
        assertThat(authority.issue("late", -1).problems())
                .singleElement()
                .asString()
                .contains("bus-tls-cert", "validity");
    }
}
