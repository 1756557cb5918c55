package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Outcome;
import dev.weir.testing.FreePort;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes of one cluster with certificates made as documented, and their listening addresses. */
final class BusSecurityTest {

    /** An address that is no default. */
    private static final String PRIVATE = "127.0.0.2";

    private static final String CLUSTER = "test-" + UUID.randomUUID();

    @TempDir
    static Path certificates;

    @BeforeAll
    static void makeCertificates() {
        Outcome made = WeirProcess.runCommand(
                certificates,
                Map.of(),
                List.of(Repository.ROOT.resolve("deploy/certificates.sh").toString(), ".", "gateway", "stages"));
        assertThat(made.exitCode()).as(made.err()).isZero();
    }

    @Test
    void aPictureIsMadeOverTlsByNodesThatListenAtTheirOwnAddressesAlone() throws IOException {
        assumeTrue(Sockets.canBeSeen(), "only Linux tells who listens where");
        String join = PRIVATE + ":" + FreePort.next();
        try (WeirProcess gateway = node("gateway", "gateway", "--bind", join);
                WeirProcess stages = node(
                        "text-encoder,denoiser,decoder",
                        "stages",
                        "--bind",
                        PRIVATE,
                        "--join",
                        join,
                        "--threads",
                        "1")) {
            Server server = Server.at(gateway.awaitReady());
            stages.awaitReady();
            Awaitility.await("the gateway to know the stages")
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> server.text("/readyz").contains("true"));

            JsonNode made = server.generate(Map.of("prompt", "a red apple", "num_inference_steps", 2))
                    .join()
                    .body();

            assertThat(made.path("data").path(0).path("b64_json").asText())
                    .as("%s", made)
                    .isNotEmpty();
            for (WeirProcess process : List.of(gateway, stages)) {
                assertThat(Sockets.listening(process.pid()))
                        .as("HTTP, bus, Hazelcast")
                        .containsExactlyInAnyOrder("127.0.0.1", PRIVATE, PRIVATE);
            }
        }
    }

    @Test
    void whatIsWrongWithTheFilesIsSaidAtStart() {
        Path key = certificates.resolve("gateway.key");
        Outcome some = weir("node", "gateway", "--bus-tls-key", key.toString());
        assertThat(some.exitCode()).isEqualTo(2);
        assertThat(some.err()).contains("--bus-tls-cert, --bus-tls-key and --bus-tls-ca go together");

        Outcome wrong =
                weir("node", "gateway", "--bus-tls-key", key.toString(), "--bus-tls-cert", "no", "--bus-tls-ca", "no");
        assertThat(wrong.exitCode()).isEqualTo(2);
        assertThat(wrong.err()).contains("bus-tls-cert: no cannot be read", "bus-tls-ca: no cannot be read");
    }

    private static Outcome weir(String... arguments) {
        return WeirProcess.run(certificates, Map.of(), List.of(arguments));
    }

    private static WeirProcess node(String roles, String name, String... more) {
        List<String> arguments = new ArrayList<>(List.of("node", roles, "--cluster", CLUSTER, "--port", "0"));
        arguments.addAll(
                List.of("--bus-tls-cert", certificates.resolve(name + ".pem").toString()));
        arguments.addAll(
                List.of("--bus-tls-key", certificates.resolve(name + ".key").toString()));
        arguments.addAll(List.of("--bus-tls-ca", certificates.resolve("ca.pem").toString()));
        arguments.addAll(List.of(more));
        return WeirProcess.start(arguments);
    }
}
