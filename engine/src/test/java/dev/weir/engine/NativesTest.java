package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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

    /** What an operator needs beside a libtorch for CUDA; nothing is unpacked at run time. */
    @Test
    void theGlueToALibtorchForCudaIsUnpackedWhereDjlLooksForIt() throws IOException {
        assumeTrue(
                Natives.class.getResource("/jnilib/linux-x86_64/cu128/libdjl_torch.so") != null
                        && System.getProperty("os.arch").equals("amd64"),
                "DJL has no glue to CUDA for this machine");
        Natives.main(new String[] {folder.toString()});
        assertThat(folder.resolve("pytorch/2.7.1-cu128-linux-x86_64/0.35.1-libdjl_torch.so"))
                .isReadable();
    }

    @Test
    void aWheelOfAnotherVersionIsRefusedByName() throws IOException {
        Path libtorch = Files.createDirectories(folder.resolve("torch/lib"));
        String before = System.setProperty("PYTORCH_LIBRARY_PATH", libtorch.toString());
        try {
            assertThatCode(Natives::requireKnownLibtorch).as("no wheel").doesNotThrowAnyException();
            Files.writeString(libtorch.resolveSibling("version.py"), "__version__ = '2.7.1+cu126'\n");
            assertThatCode(Natives::requireKnownLibtorch).doesNotThrowAnyException();
            Files.writeString(libtorch.resolveSibling("version.py"), "__version__ = '2.8.0+cu128'\n");
            assertThatThrownBy(Natives::requireKnownLibtorch)
                    .hasMessage("PYTORCH_LIBRARY_PATH is of PyTorch 2.8.0, and Weir runs 2.7.1: install torch==2.7.1");
        } finally {
            if (before == null) {
                System.clearProperty("PYTORCH_LIBRARY_PATH");
            } else {
                System.setProperty("PYTORCH_LIBRARY_PATH", before);
            }
        }
    }

    @Test
    void aLibraryThatDoesNotLoadIsOneLineWithTheSystemsReasonAndTheFolders() {
        var error = new UnsatisfiedLinkError("/tmp/jna1.tmp: failed to map segment from shared object");
        assertThat(Natives.problem(new IllegalStateException("wrapped", error)))
                .contains("/tmp/jna1.tmp: failed to map segment", "DJL_CACHE_DIR", "jna.tmpdir", "noexec")
                .doesNotContain("wrapped", "\n");
    }

    @Test
    void aMissingDriverIsNamed() {
        var error = new UnsatisfiedLinkError("/opt/libcaffe2_nvrtc.so: libcuda.so.1: cannot open shared object file");
        assertThat(Natives.problem(error)).startsWith("this machine has no NVIDIA driver (libcuda.so.1)");
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
