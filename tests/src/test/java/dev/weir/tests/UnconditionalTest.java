package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders of models without text from the command line and over HTTP: the pictures that diffusers makes with them. */
final class UnconditionalTest {

    private static final Path MODELS = Repository.ROOT.resolve("engine/src/test/resources/reference/pixel");

    @TempDir
    Path folder;

    private Outcome generate(String model, String... arguments) {
        List<String> all = new ArrayList<>(List.of("generate", "--model=" + MODELS.resolve(model), "--out=x.png"));
        all.addAll(List.of(arguments));
        return WeirProcess.run(folder, Map.of(), all);
    }

    @Test
    void theCommandMakesTheReferencesPicturesWithoutAPrompt() throws IOException {
        for (String[] asked : new String[][] {{"ldm", "ldm"}, {"classes", "classes-3", "--class=3"}}) {
            List<String> arguments = new ArrayList<>(List.of("--seed=7", "--steps=20"));
            arguments.addAll(List.of(asked).subList(2, asked.length));
            Outcome outcome = generate(asked[0], arguments.toArray(String[]::new));
            assertThat(outcome.exitCode()).as(outcome.err()).isZero();
            assertThat(PictureError.psnr(
                            Files.readAllBytes(folder.resolve("x.png")),
                            MODELS.resolve("pictures/" + asked[1] + ".png")))
                    .as(asked[1])
                    .isGreaterThan(50);
        }
    }

    @Test
    void whatAModelDoesNotTakeIsRefusedBeforeItIsLoaded() {
        assertRefused(generate("ddpm", "a red apple"), "the prompt is not taken by \"ddpm\"");
        assertRefused(generate("ddpm", "--guidance=3"), "--guidance is not taken by \"ddpm\"");
        assertRefused(generate("classes", "--class=10"), "--class must be", "from 0 to 9");
        assertRefused(generate("classes"), "--class is required");
    }

    private static void assertRefused(Outcome outcome, String... said) {
        assertThat(outcome.exitCode()).isNotZero();
        assertThat(outcome.err()).contains(said);
    }

    @Test
    void inspectSaysWhatAModelTakes() {
        assertThat(inspected("classes")).contains("1000 steps of ddpm\n", "takes: class_label (0 to 9, required)");
        assertThat(inspected("ldm")).contains("vqvae", "50 steps of ddim\n", "takes: nothing but a seed");
    }

    private String inspected(String model) {
        Outcome outcome = WeirProcess.run(
                folder,
                Map.of(),
                List.of("models", "inspect", MODELS.resolve(model).toString()));
        assertThat(outcome.exitCode()).as(outcome.out()).isZero();
        return outcome.out();
    }

    @Test
    void aServerOfTheirFolderLoadsThemBatchesClassesAndStepsAndSaysWhatItTakes() throws IOException {
        try (WeirProcess process = WeirProcess.start(List.of("up", "--port=0", "--model-dir=" + MODELS))) {
            Server server = Server.at(process.awaitReady());
            assertThat(loaded(server)).isEmpty();
            var three = server.generate(Map.of(
                    "model",
                    "classes",
                    "class_label",
                    3,
                    "seed",
                    7,
                    "num_inference_steps",
                    20,
                    "prompt",
                    "",
                    "response_format",
                    "b64_json"));
            var nine = server.generate(Map.of(
                    "model",
                    "classes",
                    "class_label",
                    9,
                    "seed",
                    7,
                    "num_inference_steps",
                    20,
                    "response_format",
                    "b64_json"));
            var other = server.generate(Map.of(
                    "model",
                    "consistency",
                    "class_label",
                    0,
                    "seed",
                    7,
                    "num_inference_steps",
                    4,
                    "response_format",
                    "b64_json"));
            assertPicture(three.join(), "classes-3");
            assertPicture(nine.join(), "classes-9");
            assertPicture(other.join(), "consistency-4");

            Server.Answer refused = server.generate(Map.of("model", "classes", "class_label", 3, "prompt", "a three"))
                    .join();
            assertThat(refused.status()).isEqualTo(400);
            assertThat(refused.body().path("error").path("message").asText())
                    .isEqualTo("prompt is not taken by \"classes\", which takes class_label");
            await().untilAsserted(() -> assertThat(loaded(server)).containsExactly("classes", "consistency"));
        }
    }

    private static List<String> loaded(Server server) {
        return StreamSupport.stream(server.get("/v1/models").path("data").spliterator(), false)
                .filter(model -> model.path("loaded").asBoolean())
                .map(model -> model.path("id").asText())
                .toList();
    }

    private static void assertPicture(Server.Answer answer, String name) throws IOException {
        JsonNode picture = answer.body().path("data").path(0).path("b64_json");
        assertThat(picture.asText()).as(answer.toString()).isNotEmpty();
        assertThat(PictureError.psnr(
                        Base64.getDecoder().decode(picture.asText()), MODELS.resolve("pictures/" + name + ".png")))
                .as(name)
                .isGreaterThan(50);
    }
}
