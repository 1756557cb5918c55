package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Flags, environment and weir.yaml, seen from outside: by what a command says it would run with, or refuses. */
final class SettingsTest {

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    /** A command that needs no server: it says its settings, and then that nobody answers at the port. */
    private int status(Map<String, String> environment, String... args) {
        String[] all = new String[args.length + 2];
        all[0] = "status";
        all[1] = "-v";
        System.arraycopy(args, 0, all, 2, args.length);
        return Main.run(environment, folder, new PrintWriter(out, true), new PrintWriter(err, true), all);
    }

    private void yaml(String text) throws IOException {
        Files.writeString(folder.resolve("weir.yaml"), text);
    }

    @Test
    void aFlagWinsOverTheEnvironmentAndThatOverTheFile() throws IOException {
        yaml("url: http://127.0.0.1:1\n");
        assertThat(status(Map.of())).isEqualTo(CliException.UNREACHABLE);
        assertThat(err.toString()).contains("url = http://127.0.0.1:1\n");
        assertThat(status(Map.of("WEIR_URL", "http://127.0.0.1:2"))).isEqualTo(CliException.UNREACHABLE);
        assertThat(err.toString()).contains("url = http://127.0.0.1:2\n");
        assertThat(status(Map.of("WEIR_URL", "http://127.0.0.1:2"), "--url", "http://127.0.0.1:3"))
                .isEqualTo(CliException.UNREACHABLE);
        assertThat(err.toString()).contains("url = http://127.0.0.1:3\n");
    }

    @Test
    void anUnknownKeyIsNamed() throws IOException {
        yaml("prt: 8080\n");
        assertThat(status(Map.of())).isEqualTo(CliException.USAGE);
        assertThat(err.toString()).contains("weir.yaml: unknown key prt").contains(" port,");
    }

    /** YAML's off would otherwise become false, which is no value of --safety and no name of a model. */
    @Test
    void wordsStayWordsAndOnlySwitchesReadThem() throws IOException {
        yaml("json: on\n");
        status(Map.of());
        assertThat(err.toString()).contains("json = true");
        yaml("safety: off\nmodel: no\n");
        int code = Main.run(Map.of(), folder, new PrintWriter(out), new PrintWriter(err, true), "up");
        assertThat(code).isEqualTo(CliException.USAGE);
        assertThat(err.toString()).contains("neither a model folder no nor");
    }

    @Test
    void aWrongValueIsToldWithWhereItCameFrom() throws IOException {
        yaml("port: many\n");
        int code = Main.run(Map.of(), folder, new PrintWriter(out), new PrintWriter(err, true), "up");
        assertThat(code).isEqualTo(CliException.USAGE);
        assertThat(err.toString()).contains("--port").contains("many").contains("weir.yaml, key port");
        code = Main.run(Map.of("WEIR_PORT", "tcp://x"), folder, new PrintWriter(out), new PrintWriter(err, true), "up");
        assertThat(code).isEqualTo(CliException.USAGE);
        assertThat(err.toString()).contains("from WEIR_PORT");
    }

    @Test
    void aValueOutOfItsBoundsIsToldWithWhereItCameFrom() throws IOException {
        String model = "model: " + Path.of("../models/default").toAbsolutePath() + "\n";
        yaml(model + "job-time: 0\n");
        assertThat(refusal("up"))
                .contains("--job-time must be from 1 to 2592000, not 0 (from ")
                .contains("weir.yaml, key job-time)");
        assertThat(refusal("up", "--job-time", "-5")).contains("not -5").doesNotContain("weir.yaml");
        yaml(model + "webhook-hosts: hooks.internal\n");
        assertThat(refusal("up"))
                .contains("--webhook-hosts needs --webhook-secret (from ")
                .contains("weir.yaml, key webhook-hosts)");
        yaml(model + "webhook-secret: none\n");
        assertThat(refusal("up", "--webhook-hosts", "hooks.internal"))
                .contains("--webhook-secret: none cannot be read")
                .contains("weir.yaml, key webhook-secret)");
        yaml(model + "drain-time: 9000\n");
        assertThat(refusal("up")).contains("drain-time: ").contains("weir.yaml, key drain-time)");
    }

    private String refusal(String... args) {
        err.getBuffer().setLength(0);
        int code = Main.run(Map.of(), folder, new PrintWriter(out), new PrintWriter(err, true), args);
        assertThat(code).isEqualTo(CliException.USAGE);
        return err.toString();
    }

    @Test
    void aFileThatWasAskedForMustBeThereAndBeAMap() throws IOException {
        assertThat(status(Map.of(), "--config", "none.yaml")).isEqualTo(CliException.USAGE);
        assertThat(err.toString()).contains("none.yaml");
        yaml("just words\n");
        assertThat(status(Map.of())).isEqualTo(CliException.USAGE);
        yaml("model: {a: 1}\n");
        assertThat(status(Map.of())).isEqualTo(CliException.USAGE);
        assertThat(err.toString()).contains("weir.yaml: model: expected a value");
        yaml("a: [\n");
        assertThat(status(Map.of())).isEqualTo(CliException.USAGE);
    }

    @Test
    void theExampleOfTheDocumentationHoldsNoKeyThatIsUnknown() {
        Path example = Path.of("../docs/weir.yaml").toAbsolutePath();
        assertThat(status(Map.of(), "--config", example.toString(), "--url", "http://127.0.0.1:1"))
                .as(err.toString())
                .isEqualTo(CliException.UNREACHABLE);
    }
}
