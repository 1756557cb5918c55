package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.SystemReason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WholeFileTest {

    private static final byte[] NEW = "new".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path folder;

    @Test
    void aFileThatIsReplacedKeepsItsPermissions() throws IOException {
        Path file = Files.writeString(folder.resolve("a.png"), "old");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        WholeFile.write(file, NEW);
        assertThat(file).hasContent("new");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-r-----");
        assertThat(folder).isDirectoryNotContaining("glob:**.tmp");
    }

    @Test
    void throughALinkTheFileThatItNamesIsReplaced() throws IOException {
        Path file = Files.writeString(folder.resolve("a.png"), "old");
        Path link = Files.createSymbolicLink(folder.resolve("link.png"), Path.of("a.png"));
        WholeFile.write(link, NEW);
        assertThat(file).hasContent("new");
        assertThat(Files.isSymbolicLink(link)).isTrue();

        Path dangling = Files.createSymbolicLink(folder.resolve("dangling.png"), Path.of("b.png"));
        WholeFile.write(dangling, NEW);
        assertThat(folder.resolve("b.png")).hasContent("new");
        assertThat(Files.isSymbolicLink(dangling)).isTrue();

        Path loop = Files.createSymbolicLink(folder.resolve("loop.png"), Path.of("loop.png"));
        assertThat(reasonOf(loop)).isEqualTo("Too many levels of symbolic links");
    }

    @Test
    void whatFailsLeavesNothingBehind() throws IOException {
        Path occupied = Files.createDirectories(folder.resolve("a.png"));
        Files.createFile(occupied.resolve("inside"));
        assertThatThrownBy(() -> WholeFile.write(occupied, NEW)).isInstanceOf(IOException.class);
        assertThat(Files.isDirectory(occupied, LinkOption.NOFOLLOW_LINKS)).isTrue();
        assertThat(folder).isDirectoryNotContaining("glob:**.tmp");
    }

    @Test
    void aDeviceIsWrittenDirectlyAndStaysADevice() throws IOException {
        Path device = Path.of("/dev/null");
        WholeFile.probe(device);
        WholeFile.write(device, NEW);
        assertThat(Files.isRegularFile(device)).isFalse();
        Path full = Path.of("/dev/full");
        assertThatThrownBy(() -> WholeFile.write(full, NEW))
                .isInstanceOf(IOException.class)
                .satisfies(e -> assertThat(SystemReason.of((IOException) e)).isEqualTo("No space left on device"));
    }

    @Test
    void aProbeSaysTheSystemsReasonAndChangesNothing() throws IOException {
        Path file = Files.writeString(folder.resolve("a.png"), "old");
        WholeFile.probe(file);
        WholeFile.probe(folder.resolve("b.png"));
        assertThat(folder).isDirectoryContaining("glob:**/a.png").isDirectoryNotContaining("glob:**/{b.png,.weir*}");
        assertThat(file).hasContent("old");

        assertThat(reasonOf(folder)).isEqualTo("Is a directory");
        assertThat(reasonOf(folder.resolve("none/a.png"))).isEqualTo("No such file or directory");
        assertThat(reasonOf(file.resolve("b.png"))).isEqualTo("Not a directory");
        assertThat(reasonOf(folder.resolve("x".repeat(300) + "/a.png"))).isEqualTo("File name too long");
    }

    private static String reasonOf(Path file) {
        try {
            WholeFile.probe(file);
            return "";
        } catch (IOException e) {
            return SystemReason.of(e);
        }
    }
}
