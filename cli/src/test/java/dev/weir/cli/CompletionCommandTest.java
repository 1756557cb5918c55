package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CompletionCommandTest {

    @TempDir
    Path folder;

    private String completion(String shell) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code =
                Main.run(Map.of(), folder, new PrintWriter(out, true), new PrintWriter(err, true), "completion", shell);
        assertThat(code).as(err.toString()).isZero();
        return out.toString();
    }

    @ParameterizedTest
    @CsvSource({"bash,gen,generate", "bash,comp,completion", "zsh,mod,models"})
    void bashCompletesCommands(String shell, String begun, String whole) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "skipped: there is no bash");
        Path script = Files.writeString(
                folder.resolve("script"),
                completion(shell)
                        + "\ncompopt() { :; }\nCOMP_WORDS=(weir %s); COMP_CWORD=1; COMP_LINE='weir %1$s'; $(complete -p weir | sed 's/.*-F \\([^ ]*\\).*/\\1/'); echo \"${COMPREPLY[*]}\"\n"
                                .formatted(begun));
        Path answer = folder.resolve("answer");
        Process bash = new ProcessBuilder("/bin/bash", script.toString())
                .redirectErrorStream(true)
                .redirectOutput(answer.toFile())
                .start();
        assertThat(bash.waitFor()).isZero();
        assertThat(Files.readString(answer).strip()).isEqualTo(whole);
    }

    @Test
    void fishIsToldEveryCommandAndOption() {
        List<String> lines = completion("fish").lines().toList();

        assertThat(lines)
                .allMatch(line -> line.startsWith("complete -c weir -n '"))
                .contains(
                        "complete -c weir -n '__fish_use_subcommand' -f -a up -d 'Run all stages in this process and serve over HTTP.'")
                .anyMatch(line ->
                        line.startsWith("complete -c weir -n '__fish_seen_subcommand_from generate' -l seed -r -d"))
                .anyMatch(line -> line.contains("-l log-format -x -a 'text json' -d"))
                .anyMatch(line ->
                        line.startsWith("complete -c weir -n '__fish_seen_subcommand_from models' -f -a inspect -d '"));
        // A quote in a description ends no string.
        assertThat(lines)
                .allMatch(line ->
                        line.replace("\\'", "").chars().filter(c -> c == '\'').count() % 2 == 0);
    }

    @Test
    void anotherShellIsRefusedByName() {
        StringWriter err = new StringWriter();
        int code = Main.run(
                Map.of(),
                folder,
                new PrintWriter(new StringWriter()),
                new PrintWriter(err, true),
                "completion",
                "tcsh");
        assertThat(code).isEqualTo(CliException.USAGE);
        assertThat(err.toString()).contains("tcsh").contains("BASH, ZSH, FISH");
    }
}
