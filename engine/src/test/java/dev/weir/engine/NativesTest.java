package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NativesTest {

    @TempDir
    Path folder;

    @Test
    void unpacksEveryLibraryOnceAndAgainWhenItWasInterrupted() throws IOException {
        Natives.main(new String[] {folder.toString()});
        assertThat(folder.resolve("libtorch").resolve(System.mapLibraryName("torch_cpu")))
                .isReadable();
        assertThat(folder.resolve("libtorch").resolve(System.mapLibraryName("djl_torch")))
                .isReadable();
        assertThat(folder.resolve("onnxruntime").resolve(System.mapLibraryName("onnxruntime")))
                .isReadable();
        assertThat(folder.resolve("onnxruntime").resolve(System.mapLibraryName("onnxruntime4j_jni")))
                .isReadable();
        assertThat(names())
                .anyMatch(name -> name.startsWith("libjnidispatch"))
                .anyMatch(name -> name.contains("tokenizers"));

        Path glue = folder.resolve("libtorch").resolve(System.mapLibraryName("djl_torch"));
        FileTime before = Files.getLastModifiedTime(glue);
        Natives.main(new String[] {folder.toString()});
        assertThat(Files.getLastModifiedTime(glue)).isEqualTo(before);

        long size = Files.size(glue);
        Files.writeString(glue, "torn");
        Files.delete(folder.resolve("versions.txt"));
        Natives.main(new String[] {folder.toString()});
        assertThat(glue).hasSize(size);
    }

    @Test
    void aLibraryThatDoesNotLoadIsOneLineWithTheSystemsReasonAndTheFolders() {
        var error = new UnsatisfiedLinkError("/tmp/jna1.tmp: failed to map segment from shared object");
        assertThat(Natives.problem(new IllegalStateException("wrapped", error)))
                .contains("/tmp/jna1.tmp: failed to map segment", "DJL_CACHE_DIR", "jna.tmpdir", "noexec")
                .doesNotContain("wrapped", "\n");
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
