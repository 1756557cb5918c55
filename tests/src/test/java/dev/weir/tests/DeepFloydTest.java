package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A DeepFloyd IF of three networks makes the picture that diffusers' three pipelines make one after the other. */
final class DeepFloydTest {

    @TempDir
    Path folder;

    @Test
    void theCommandMakesTheReferencesPicture() throws IOException {
        FamilyFolder.deepFloyd(folder.resolve("if"));
        Outcome outcome = WeirProcess.run(
                folder,
                Map.of(),
                List.of(
                        "generate",
                        " A red Apple on a green hill ",
                        "--model=if",
                        "--size=96x64",
                        "--guidance=5",
                        "--steps=20",
                        "--seed=7",
                        "--out=x.png"));
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(PictureError.psnr(
                        Files.readAllBytes(folder.resolve("x.png")),
                        FamilyFolder.REFERENCE.resolve("deepfloyd/all.png")))
                .isGreaterThan(50);
    }
}
