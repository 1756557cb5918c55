package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.gateway.GatewayConfig.Security;
import dev.weir.gateway.user.KeysFile;
import dev.weir.runtime.HostPort;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class KeysCommandTest {

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int weir(String... args) {
        return Main.run(Map.of(), folder, new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    @Test
    void aNewKeyIsToldApartFromItsLine() throws IOException {
        assertThat(weir("keys", "new", "anna")).isZero();

        assertThat(out.toString()).matches("- \\{name: \"anna\", sha256: \"[0-9a-f]{64}\"}\n");
        assertThat(err.toString()).containsPattern("The key of anna, which is shown only now: weir_[A-Za-z0-9_-]{43}");
        Path file = Files.writeString(folder.resolve("keys.yaml"), out.toString());
        assertThat(security("--api-keys", file.toString()).keys().map(KeysFile::path))
                .contains(file);
    }

    @Test
    void aNameThatTheFileMayNotHaveIsRefused() {
        assertThat(weir("keys", "new", "an na")).isEqualTo(CliException.USAGE);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString()).contains("name must have from 1 to 64 letters");
    }

    @Test
    void aBrokenFileIsNamedBeforeAnythingStarts() throws IOException {
        Path file = Files.writeString(folder.resolve("keys.yaml"), "- {name: anna}");

        assertThatThrownBy(() -> security("--api-keys", file.toString()))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("keys.yaml: entry 1: sha256 is missing");
        assertThatThrownBy(() -> security("--api-keys", folder.resolve("none").toString()))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("none cannot be read");
    }

    @Test
    void withoutAFileAnyoneMayUseTheGateway() {
        assertThat(security().keys()).isEqualTo(Optional.empty());
    }

    private static Security security(String... args) {
        return CommandLine.populateCommand(new GatewayOptions(), args)
                .config(new HostPort("127.0.0.1", 0))
                .security();
    }
}
