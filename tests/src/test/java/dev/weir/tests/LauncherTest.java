package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Outcome;
import dev.weir.tests.deploy.Confinement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The launcher script. */
final class LauncherTest {

    private static final Path SCRIPT = Repository.ROOT.resolve("weir");
    private static final List<String> TOOLS = List.of("dirname", "readlink", "sed", "head", "find", "env", "mkdir");

    @TempDir
    Path folder;

    private static void assumeBuilt() {
        assumeTrue(
                Files.exists(Repository.ROOT.resolve("cli/target/app/built")),
                "the launcher is not tested: mvn verify lays the application out, mvn test does not");
    }

    @Test
    void runsFromAnywhereThroughALink() throws IOException {
        assumeBuilt();
        Path link = Files.createSymbolicLink(folder.resolve("w"), SCRIPT);
        var outcome = WeirProcess.runCommand(folder, Map.of(), List.of(link.toString(), "models"));
        Files.delete(link);
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.out()).contains("default");
    }

    /**
     * In a script, since the locale that this JVM runs in may not have these letters. The arguments, a variable, weir.yaml and
     * the names of files and folders have some.
     */
    @ParameterizedTest
    @ValueSource(strings = {"LANG=C", "LC_ALL=POSIX", "NO_LOCALE=x", "LANG=xx_XX.UTF-8"})
    void whereTheLocaleIsNotUtf8TextIsUtf8AllTheSame(String locale) throws IOException {
        assumeBuilt();
        Files.writeString(
                folder.resolve("script"),
                """
                ln -s "$1" "дом"
                ln -s "$2/default" "модель"
                mkdir "мои картинки"
                echo 'sampler: euler' > "настройки.yaml"
                echo 'out: мои картинки/кот.png' >> "настройки.yaml"
                env -i PATH="$PATH" JAVA_HOME="${JAVA_HOME:-}" "$3" WEIR_NEGATIVE="пёс" WEIR_CONFIG="настройки.yaml" "дом/weir" \
                    generate "кот" --model "модель" --steps 2 --json > told.json || exit 1
                [ -s "мои картинки/кот.png" ] || exit 2
                for text in '"prompt" : "кот"' '"negative_prompt" : "пёс"' '"file" : "мои картинки/кот.png"'; do
                  grep -qF "$text" told.json || exit 3
                done
                rm "дом" "модель"
                """);
        var outcome = WeirProcess.runCommand(
                folder,
                Map.of(),
                List.of(
                        "sh",
                        "script",
                        Repository.ROOT.toString(),
                        Repository.DEFAULT_MODEL.getParent().toString(),
                        locale));
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    }

    @Test
    void textThatIsNotUtf8IsRefusedInOneLine() throws IOException {
        assumeBuilt();
        Files.writeString(
                folder.resolve("script"),
                """
                "$1/weir" generate "$(printf 'a \\320\\320')"
                WEIR_MODEL="$(printf '\\320\\320')" "$1/weir" generate "a cat"
                """);
        var outcome = WeirProcess.runCommand(folder, Map.of(), List.of("sh", "script", Repository.ROOT.toString()));
        assertThat(outcome.exitCode()).isEqualTo(2);
        assertThat(outcome.err().lines())
                .containsExactly("weir: argument 2 is not valid UTF-8", "weir: WEIR_MODEL is not valid UTF-8");
    }

    /** The JVM would else open a file of its own under that number. */
    @Test
    void aClosedStandardOutputIsAFailureInOneLine() {
        assumeBuilt();
        var outcome = WeirProcess.runCommand(
                folder, Map.of(), List.of("sh", "-c", "exec \"$0\" models >&-", SCRIPT.toString()));
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.err())
                .startsWith("weir: the standard output cannot be written: ")
                .hasLineCount(1);
    }

    /** The JVM's own files must not get its number either: closing it would then close one of them. */
    @Test
    void anImageForAClosedStandardOutputIsAFailureInOneLine() {
        assumeBuilt();
        var outcome = WeirProcess.runCommand(
                folder,
                Map.of(),
                List.of("sh", "-c", "exec \"$0\" generate a --steps 1 --out - >&-", SCRIPT.toString()));
        assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(1);
        assertThat(outcome.err().lines().filter(line -> line.startsWith("weir: ")))
                .containsExactly("weir: - cannot be written: Bad file descriptor");
    }

    @Test
    void aRemovedFolderAndTooFewFilesAreRefusedInOneLine() {
        assumeBuilt();
        var removed = WeirProcess.runCommand(
                folder,
                Map.of(),
                List.of("sh", "-c", "mkdir gone && cd gone && rmdir ../gone && exec \"$0\" models", SCRIPT.toString()));
        assertThat(removed.exitCode()).isEqualTo(1);
        assertThat(removed.err().lines().filter(line -> !line.contains("getcwd"))) // the shell's own remark
                .containsExactly("weir: the current folder was removed: change to another one");

        var few = WeirProcess.runCommand(
                folder, Map.of(), List.of("sh", "-c", "ulimit -n 64 && exec \"$0\" models", SCRIPT.toString()));
        assertThat(few.exitCode()).isEqualTo(1);
        assertThat(few.err().lines()).containsExactly("weir: only 64 files may be open (ulimit -n): Weir needs 256");
    }

    /** A JVM that is not started by the launcher, or a system that has no UTF-8 locale. */
    @Test
    void lettersThatTheLocaleLacksAreRefusedInOneLine() {
        List<String> addsAnArgument = List.of("sh", "-c", "exec \"$@\" \"$(printf '\\320\\272')\"", "sh");
        try (WeirProcess weir = WeirProcess.start(
                WeirProcess.Jvm.WEIR.within(addsAnArgument), folder, Map.of("LC_ALL", "C"), List.of("generate"))) {
            var outcome = weir.awaitExit();
            assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(2);
            assertThat(outcome.err())
                    .startsWith("weir: argument 2 has letters that the locale's character set")
                    .hasLineCount(1);
        }
    }

    @Test
    void aBuiltTreeRunsReadOnlyForAnyUserWithoutAHome() {
        assumeBuilt();
        Confinement.problem().ifPresent(problem -> assumeTrue(false, "skipped: " + problem));
        Confinement noPlaceToWrite =
                new Confinement(Repository.ROOT, "4711:4711", "/app", Map.of(), List.of(), Map.of());
        var models = run(noPlaceToWrite, "/app/weir", "models");
        assertThat(models.exitCode()).as(models.err()).isZero();
        assertThat(models.out()).contains("default");
        assertThat(models.err()).isEmpty();

        Confinement somewhereToWrite =
                new Confinement(Repository.ROOT, "4711:4711", "/app", Map.of(), List.of("/tmp"), Map.of());
        var picture = run(
                somewhereToWrite, "sh", "-c", "/app/weir generate 'a cat' --steps 2 --out /tmp/cat.png && ls -A /tmp");
        assertThat(picture.exitCode()).as(picture.err()).isZero();
        assertThat(picture.out().lines().skip(1)).as("all that is in /tmp").containsExactly("cat.png");
    }

    /** As {@code mvn -Pdist} packs it, with a JVM that prints its arguments. */
    @Test
    void aReleaseHasWhatTheLauncherLooksFor() throws Exception {
        assumeBuilt();
        Path release = Files.createDirectory(folder.resolve("weir-1"));
        List<String> packed = ReleaseFiles.linkInto(release);
        assertThat(packed)
                .contains("weir", "LICENSE", "CHANGELOG.md", "docs/weir.yaml", "models/default/unet/config.json")
                .contains("models/default-fast/weir.json", "models/default-fast/vae/config.json")
                .contains("app/built", "app/jars", "app/lib/weir-cli.jar", "native/versions.txt")
                .noneMatch(file -> file.endsWith(".jsa") || file.endsWith("engines.properties"));
        try (Stream<Path> libraries = Files.list(Repository.ROOT.resolve("cli/target/native/libtorch"))) {
            assertThat(packed)
                    .containsAll(libraries
                            .map(library -> "native/libtorch/" + library.getFileName())
                            .toList());
        }
        Path java = Files.writeString(
                Files.createDirectory(folder.resolve("bin")).resolve("java"), "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
        assertThat(java.toFile().setExecutable(true)).isTrue();
        Files.writeString(folder.resolve("release"), "JAVA_VERSION=\"17.0.1\"\n");

        var outcome = WeirProcess.runCommand(
                folder,
                Map.of("JAVA_HOME", folder.toString()),
                List.of(release.resolve("weir").toString(), "up"));

        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.out().lines())
                .contains("-Dweir.home=" + release, "-Dweir.natives=" + release.resolve("native"))
                .anyMatch(argument -> argument.contains(release.resolve("app/lib/weir-cli.jar") + ":"));
        // JUnit warns of each link that it removes.
        for (String file : packed) {
            Files.delete(release.resolve(file));
        }
    }

    /** With JVMs that note their arguments, and whose archives are empty files of one byte. */
    @Test
    void eachJvmHasAnArchiveOfTheApplicationsClassesAndKeepsIt() throws Exception {
        assumeBuilt();
        Path release = Files.createDirectory(folder.resolve("weir-1"));
        List<String> packed = ReleaseFiles.linkInto(release);
        Path java = Files.writeString(
                Files.createDirectory(folder.resolve("bin")).resolve("java"),
                """
                #!/bin/sh
                echo "$*" >>"%s"
                for flag; do
                  case $flag in -XX:ArchiveClassesAtExit=*) echo >"${flag#*=}" ;; esac
                done
                """
                        .formatted(folder.resolve("calls")));
        assertThat(java.toFile().setExecutable(true)).isTrue();
        Path app = release.resolve("app");
        Path earliest = Files.writeString(app.resolve("classes.jsa"), "of an earlier release");
        Files.setLastModifiedTime(earliest, FileTime.fromMillis(0));
        Path unlisted = Files.writeString(app.resolve("lib/a-jar-of-an-earlier-release.jar"), "");
        for (String version : List.of("17.0.1", "17.0.2", "17.0.1", "17.0.3")) {
            Files.writeString(folder.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
            runModels(release);
        }

        List<String> calls = Files.readAllLines(folder.resolve("calls"));
        assertThat(calls)
                .extracting(call -> call.contains("-XX:ArchiveClassesAtExit="))
                .containsExactly(true, false, true, false, false, true, false);
        assertThat(calls)
                .as("archives are used where they were made to be")
                .allMatch(call -> call.contains(" -XX:ArchiveRelocationMode=0 "));
        String first = archive(calls.get(1));
        String second = archive(calls.get(3));
        assertThat(first).isNotEqualTo(second);
        assertThat(archive(calls.get(4))).isEqualTo(first);
        try (Stream<Path> files = Files.list(app)) {
            assertThat(files.map(Path::toString).filter(file -> file.endsWith(".jsa")))
                    .as("the two newest")
                    .containsExactlyInAnyOrder(second, archive(calls.get(6)));
        }
        Files.delete(app.resolve("built"));
        Files.writeString(app.resolve("built"), "0.3.0");
        runModels(release);
        List<String> later = Files.readAllLines(folder.resolve("calls"));
        assertThat(later).hasSize(9);
        assertThat(archive(later.get(8)))
                .as("that of a release that was unpacked over this one")
                .contains("0.3.0")
                .isNotEqualTo(archive(later.get(6)));
        assertThat(calls)
                .extracting(LauncherTest::classPath)
                .as("the class path of the archive")
                .containsOnly(classPath(calls.get(0)));
        List<String> jars = List.of(classPath(calls.get(0)).split(":"));
        assertThat(jars)
                .isSorted()
                .contains(app.resolve("lib/weir-cli.jar").toString())
                .doesNotContain(unlisted.toString())
                .noneMatch(jar -> jar.contains("bench"));
        for (String file : packed) {
            Files.delete(release.resolve(file));
        }
    }

    private static String archive(String call) {
        return call.replaceFirst(".*-XX:SharedArchiveFile=(\\S+).*", "$1");
    }

    private void runModels(Path release) {
        var outcome = WeirProcess.runCommand(
                folder,
                Map.of("JAVA_HOME", folder.toString(), "LC_ALL", "C.UTF-8"),
                List.of(release.resolve("weir").toString(), "models"));
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    }

    private static String classPath(String call) {
        return call.replaceFirst(".* -cp (\\S+).*", "$1");
    }

    @Test
    void aTreeThatIsNeitherBuiltNorWritableIsRefusedInOneLine() throws IOException {
        Confinement.problem().ifPresent(problem -> assumeTrue(false, "skipped: " + problem));
        Files.copy(SCRIPT, folder.resolve("weir"), StandardCopyOption.COPY_ATTRIBUTES);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Confinement readOnly = new Confinement(folder, "4711:4711", "/app", Map.of(), List.of(), Map.of());
        var outcome = run(readOnly, "/app/weir", "models");
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.err())
                .startsWith("weir: there is no build of the module 'cli' to run, and you cannot write one to /app")
                .hasLineCount(1);
    }

    private Outcome run(Confinement confinement, String... command) {
        return WeirProcess.runCommand(folder, Map.of(), confinement.command(List.of(command)));
    }

    /** With a Maven that tells that it was called. */
    @Test
    void askingBenchForHelpBuildsNothing() throws IOException {
        assumeBuilt();
        Path maven = Files.writeString(folder.resolve("mvn"), "#!/bin/sh\necho called >&2\nexit 1\n");
        assertThat(maven.toFile().setExecutable(true)).isTrue();
        Map<String, String> environment = Map.of("PATH", folder + ":" + System.getenv("PATH"));
        for (List<String> arguments : List.of(
                List.of("bench", "--help"), List.of("-v", "bench", "-h"), List.of("bench", "chaos", "--help"))) {
            List<String> command = new ArrayList<>(List.of(SCRIPT.toString()));
            command.addAll(arguments);
            var outcome = WeirProcess.runCommand(folder, environment, command);
            assertThat(outcome.exitCode())
                    .as("%s: %s", arguments, outcome.err())
                    .isZero();
            assertThat(outcome.out()).contains("Usage: weir bench");
            assertThat(outcome.err()).doesNotContain("building", "called");
        }
    }

    /** With a JVM that prints the variable, and that archives no classes. */
    @Test
    void nativeMemoryHasHugePagesUnlessTheUserTunesTheCLibrary() throws IOException {
        assumeBuilt();
        Path java = Files.writeString(
                Files.createDirectory(folder.resolve("bin")).resolve("java"),
                """
                #!/bin/sh
                case "$*" in *ArchiveClasses*) exit 1 ;; esac
                echo "$GLIBC_TUNABLES"
                """);
        assertThat(java.toFile().setExecutable(true)).isTrue();
        Files.writeString(folder.resolve("release"), "JAVA_VERSION=\"17.0.1\"\n");
        var command = List.of(SCRIPT.toString(), "models", "--help");
        for (var tuned : Map.of("", "glibc.malloc.hugetlb=1", "glibc.malloc.perturb=1", "glibc.malloc.perturb=1")
                .entrySet()) {
            var environment = Map.of("JAVA_HOME", folder.toString(), "GLIBC_TUNABLES", tuned.getKey());
            var outcome = WeirProcess.runCommand(folder, environment, command);
            assertThat(outcome.out()).as(outcome.err()).isEqualTo(tuned.getValue());
        }
    }

    @Test
    void saysWhatIsMissing() throws IOException {
        for (String tool : TOOLS) {
            Path found = List.of(Path.of("/bin", tool), Path.of("/usr/bin", tool)).stream()
                    .filter(Files::exists)
                    .findFirst()
                    .orElseThrow();
            Path standIn = Files.writeString(folder.resolve(tool), "#!/bin/sh\nexec %s \"$@\"\n".formatted(found));
            assertThat(standIn.toFile().setExecutable(true)).isTrue();
        }
        var environment = Map.of("PATH", folder.toString(), "JAVA_HOME", "");
        var outcome = WeirProcess.runCommand(folder, environment, List.of("/bin/sh", SCRIPT.toString(), "models"));
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.err())
                .startsWith("weir: no java found: install a JDK 17 or newer")
                .hasLineCount(1);
    }
}
