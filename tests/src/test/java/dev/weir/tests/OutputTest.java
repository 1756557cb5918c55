package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Outcome;
import dev.weir.tests.deploy.Confinement;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the command's pictures and lines go, and what happens when they cannot go there. */
final class OutputTest {

    @TempDir
    Path folder;

    @Test
    void foldersAreCreatedWhereThatIsAskedFor() {
        Outcome outcome = WeirProcess.run(
                folder,
                Map.of(),
                List.of("generate", "x", "--steps=1", "--out=a/b/x.png", "--frames=c/d", "--parents"));
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(folder.resolve("a/b/x.png")).isNotEmptyFile();
        assertThat(folder.resolve("c/d")).isDirectory();
    }

    @Test
    void aPictureForTheStandardOutputHasItForItself() {
        Outcome outcome = shell("exec \"$@\" > x.png", "generate", "x", "--steps=1", "--out=-");
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.err()).contains("-  seed ");
        byte[] end = {0, 0, 0, 0, 'I', 'E', 'N', 'D', (byte) 0xae, 0x42, 0x60, (byte) 0x82};
        assertThat(folder.resolve("x.png")).isNotEmptyFile().satisfies(file -> assertThat(Files.readAllBytes(file))
                .startsWith((byte) 0x89, 'P', 'N', 'G')
                .endsWith(end));
    }

    @Test
    void whatDoesNotArriveAtTheStandardOutputIsAFailureWithTheSystemsReason() {
        Outcome full = shell("exec \"$@\" > /dev/full", "models");
        assertThat(full.exitCode()).isEqualTo(1);
        assertThat(full.err()).isEqualTo("weir: the standard output cannot be written: No space left on device");
        Outcome unread = shell("{ \"$@\"; echo $? > code; } | true", "models");
        assertThat(unread.err()).as("who reads has read enough").isEmpty();
    }

    /** With a file system of 128 KB, of which some is taken. */
    @Test
    void aFullDiskLeavesTheOldPictureAndSaysTheReason() {
        Confinement.problem().ifPresent(problem -> assumeTrue(false, "skipped: " + problem));
        String small =
                """
                mount -t tmpfs -o size=128k tmpfs . && cd "$PWD"
                head -c "$1" /dev/zero > taken.bin; echo old > apple.png
                shift
                "$@"
                code=$?
                cat apple.png; ls -A
                exit $code
                """;
        Outcome before = small(small, "110000", "--size=128x128");
        assertThat(before.exitCode()).isEqualTo(2);
        assertThat(before.err()).isEqualTo("weir: --out: apple.png cannot be written: No space left on device");
        assertThat(before.out().lines()).containsExactly("old", "apple.png", "taken.bin");

        Outcome after = small(small, "56000", "--size=256x256");
        assertThat(after.exitCode()).as(after.err()).isEqualTo(1);
        assertThat(after.err()).contains("weir: apple.png cannot be written: No space left on device");
        assertThat(after.out().lines()).containsExactly("old", "apple.png", "taken.bin");
    }

    private Outcome small(String script, String taken, String size) {
        List<String> wrapper =
                List.of("unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", taken);
        return within(wrapper, "generate", "x", "--seed=7", "--steps=2", "--out=apple.png", size);
    }

    /** @param script runs the command, which its arguments are */
    private Outcome shell(String script, String... arguments) {
        return within(List.of("sh", "-c", script, "sh"), arguments);
    }

    private Outcome within(List<String> wrapper, String... arguments) {
        try (WeirProcess weir =
                WeirProcess.start(WeirProcess.Jvm.WEIR.within(wrapper), folder, Map.of(), List.of(arguments))) {
            return weir.awaitExit();
        }
    }
}
