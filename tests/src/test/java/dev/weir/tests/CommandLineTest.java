package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Outcome;
import dev.weir.cli.ManyCommands;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The command as a shell sees it: a process, its output and its exit code. */
final class CommandLineTest {

    @RegisterExtension
    static final UpServer UP = new UpServer();

    @TempDir
    Path folder;

    private Outcome weir(String... arguments) {
        return WeirProcess.run(folder, Map.of(), List.of(arguments));
    }

    private static JsonNode json(Outcome outcome) throws IOException {
        return new ObjectMapper().readTree(outcome.out());
    }

    @Test
    void generateMakesAPictureInItsOwnProcessAndSaysWhatItMade() throws IOException {
        Outcome outcome = weir("generate", "A red  apple!", "--seed", "7", "--steps", "6", "--json");
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.err()).as("no progress beside JSON").doesNotContain("step");
        JsonNode image = json(outcome).path("images").path(0);
        assertThat(image.path("file").asText()).isEqualTo("a-red-apple.png");
        assertThat(image.path("seed").asLong()).isEqualTo(7);
        assertThat(image.path("steps").asInt()).isEqualTo(6);
        assertThat(image.path("stages").findValuesAsText("stage"))
                .containsExactly("text-encoder", "denoiser", "decoder");
        assertThat(json(outcome).path("model").asText()).isEqualTo("default");

        Path file = folder.resolve("a-red-apple.png");
        BufferedImage picture = ImageIO.read(file.toFile());
        assertThat(picture.getWidth()).isEqualTo(128);
        assertThat(isMostlyRed(picture)).as("the picture's middle is red").isTrue();
        assertThat(PngText.of(Files.readAllBytes(file)).get("parameters"))
                .startsWith("A red  apple!")
                .contains("Steps: 6", "Seed: 7", "Size: 128x128", "Model: default");

        Outcome again = weir("generate", "A red  apple!", "--seed", "7", "--steps", "6");
        assertThat(again.exitCode()).isZero();
        assertThat(again.out()).startsWith("a-red-apple-2.png  seed 7, 6 network calls");
        assertThat(again.err().lines()).contains("step 6 of 6");
        assertThat(folder.resolve("a-red-apple-2.png")).hasSameBinaryContentAs(file);
    }

    @Test
    void aPromptThatIsCutIsWarnedOfOnce() throws IOException {
        String prompt = "a red apple, " + "very ".repeat(80) + "shiny";
        String url = UP.server().url().toString();
        Outcome told = weir("generate", prompt, "--steps=2", "--n=2", "--out=apple.png", "--url", url);
        assertThat(told.exitCode()).as(told.err()).isZero();
        assertThat(told.err().lines().filter(line -> line.startsWith("warning: ")))
                .singleElement()
                .asString()
                .contains("prompt", "64 tokens", "shiny");
        Outcome json = weir("generate", prompt, "--steps=2", "--n=2", "--out=apple.png", "--url", url, "--json");
        assertThat(json(json).path("warnings")).singleElement().satisfies(warning -> {
            assertThat(warning.path("code").asText()).isEqualTo("prompt_truncated");
            assertThat(warning.path("param").asText()).isEqualTo("prompt");
            assertThat(warning.path("message").asText()).contains("shiny");
        });
        assertThat(json.err()).isEmpty();
    }

    @Test
    void aCascadePassesThroughTheUpsampler() throws IOException {
        Path cascade = Repository.ROOT.resolve("engine/src/test/resources/reference/checkpoints/default");
        Outcome outcome = weir("generate", "x", "--model", cascade.toString(), "--size=128x128", "--steps=2", "--json");
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        JsonNode image = json(outcome).path("images").path(0);
        assertThat(image.path("stages").findValuesAsText("stage"))
                .containsExactly("text-encoder", "denoiser", "upsampler", "decoder");
        assertThat(ImageIO.read(folder.resolve("x.png").toFile()).getWidth()).isEqualTo(128);
    }

    @Test
    void theDefaultModelGoesThroughItsUpsamplerForLargePicturesOnly() throws IOException {
        List<String> asked = List.of("generate", "a red apple", "--seed=7", "--steps=20", "--json", "--size");
        assertThat(weir(with(asked, "128x128", "--out=small.png")).exitCode()).isZero();
        Outcome outcome =
                weir(with(asked, "256x256", "--out=large.png", "--frames=frames", "--frame-grade=latent_rgb"));
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        JsonNode image = json(outcome).path("images").path(0);
        assertThat(image.path("stages").findValuesAsText("stage"))
                .containsExactly("text-encoder", "denoiser", "upsampler", "decoder");
        BufferedImage large = ImageIO.read(folder.resolve("large.png").toFile());
        assertThat(large.getWidth()).isEqualTo(256);
        assertThat(isMostlyRed(large)).as("the picture's middle is red").isTrue();
        BufferedImage small = ImageIO.read(folder.resolve("small.png").toFile());
        assertThat(difference(small, large))
                .as("of 255, as both are the same apple")
                .isLessThan(25);

        List<Integer> widths = new ArrayList<>();
        for (JsonNode frame : image.path("frames")) {
            widths.add(ImageIO.read(folder.resolve(frame.asText()).toFile()).getWidth());
        }
        assertThat(widths).as("the base emerges, then the upsampler").isSorted().contains(128, 256);
    }

    private static String[] with(List<String> some, String... more) {
        return Stream.concat(some.stream(), Stream.of(more)).toArray(String[]::new);
    }

    /** The mean distance of a picture's green to that of a picture twice as wide, whose pixels are averaged. */
    private static double difference(BufferedImage small, BufferedImage large) {
        long sum = 0;
        for (int y = 0; y < small.getHeight(); y++) {
            for (int x = 0; x < small.getWidth(); x++) {
                int four = 0;
                for (int corner = 0; corner < 4; corner++) {
                    four += large.getRGB(2 * x + corner % 2, 2 * y + corner / 2) >> 8 & 0xff;
                }
                sum += Math.abs((small.getRGB(x, y) >> 8 & 0xff) - four / 4);
            }
        }
        return (double) sum / (small.getWidth() * small.getHeight());
    }

    private static boolean isMostlyRed(BufferedImage picture) {
        int middle = picture.getRGB(picture.getWidth() / 2, picture.getHeight() / 2);
        int red = middle >> 16 & 0xff;
        int green = middle >> 8 & 0xff;
        int blue = middle & 0xff;
        return red > 150 && red > green + 40 && red > blue + 40;
    }

    @Test
    void generateThroughAGatewayWritesEveryPictureAndItsFrames() throws IOException {
        Outcome outcome = weir(
                "generate",
                "a cat",
                "--url",
                UP.server().url().toString(),
                "--n=2",
                "--steps=20",
                "--frames=frames",
                "--frame-grade=latent_rgb",
                "--out=cat.jpg",
                "--json");
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        JsonNode images = json(outcome).path("images");
        assertThat(images).hasSize(2);
        assertThat(images.path(1).path("seed").asLong())
                .isEqualTo(images.path(0).path("seed").asLong() + 1);
        for (JsonNode image : images) {
            assertThat(ImageIO.read(folder.resolve(image.path("file").asText()).toFile()))
                    .isNotNull();
            assertThat(image.path("frames")).hasSizeBetween(1, 19);
            for (JsonNode frame : image.path("frames")) {
                assertThat(ImageIO.read(folder.resolve(frame.asText()).toFile()))
                        .isNotNull();
            }
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("cat-1.jpg", "cat-2.jpg", "frames");
        }
    }

    @Test
    void whereTheConnectionBreaksGenerateGoesOnWithItsJob() throws IOException {
        // The models' card and its headers are shorter than this, and the frames of forty steps are longer.
        int bytes = 2000 + UP.server().text("/v1/models").length();
        try (BreakingProxy proxy = new BreakingProxy(UP.server().url(), bytes)) {
            long before = completed();
            Outcome outcome =
                    weir("generate", "a cat", "--url", proxy.url(), "--steps=40", "--frames=frames", "--out=cat.png");

            assertThat(outcome.exitCode()).as(outcome.err()).isZero();
            assertThat(proxy.broke()).isTrue();
            assertThat(outcome.err().lines().filter(line -> line.contains("trying again with the same job")))
                    .as(outcome.err())
                    .hasSize(1);
            assertThat(outcome.out()).startsWith("cat.png  seed ");
            assertThat(ImageIO.read(folder.resolve("cat.png").toFile())).isNotNull();
            assertThat(completed() - before).as("pictures made").isEqualTo(1);
        }
    }

    private static long completed() {
        return UP.server()
                .text("/metrics")
                .lines()
                .filter(line -> line.startsWith("weir_gateway_sample_seconds_count") && line.contains("completed"))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .sum();
    }

    @Test
    void ofSeveralGatewaysGenerateAsksOneThatAnswers() {
        Outcome outcome = weir(
                "generate",
                "a cat",
                "--url",
                "http://127.0.0.1:9," + UP.server().url(),
                "--steps=2",
                "--out=cat.png");
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(folder.resolve("cat.png")).exists();
    }

    @Test
    void whatTheGatewayRefusesIsOneLineThatNamesTheField() {
        Outcome outcome = weir("generate", "a cat", "--url", UP.server().url().toString(), "--size", "99x99");
        assertThat(outcome.exitCode()).isEqualTo(2);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err()).startsWith("weir: ").contains("size").hasLineCount(1);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void whatIsWrongWithTheCommandLineIsToldBeforeAnythingStarts() {
        Outcome incomplete = weir("generate");
        assertThat(incomplete.exitCode()).isEqualTo(2);
        assertThat(incomplete.err()).startsWith("weir: ").doesNotContain("\tat ");
        assertThat(incomplete.out()).isEmpty();
        List<List<String>> wrong = List.of(
                List.of("generate"),
                List.of("generate", "x", "--steps", "many"),
                List.of("generate", "x", "--colour"),
                List.of("generate", "x", "--out", "x.gif"),
                List.of("generate", "x", "--model", "no/such/folder"),
                List.of("generate", "x", "--n", "0"),
                List.of(
                        "generate",
                        "x",
                        "--out",
                        Repository.ROOT.resolve("weir/x.png").toString()),
                List.of("up", "--precision", "fp8"),
                List.of("up", "--port", "99999"),
                List.of("node"),
                List.of("node", "painter"),
                List.of("node", "denoiser", "--join", "host:port"),
                List.of("paint"));
        List<Outcome> outcomes = ManyCommands.run(folder, Map.of(), wrong);
        assertThat(outcomes).hasSameSizeAs(wrong).allSatisfy(outcome -> {
            assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(2);
            assertThat(outcome.err()).startsWith("weir: ").doesNotContain("\tat ");
            assertThat(outcome.out()).isEmpty();
        });
    }

    /** DJL's cache folder stays empty: libtorch would unpack itself there. */
    @Test
    void aRequestThatTheModelCannotMakeIsRefusedBeforeAnythingIsLoaded() {
        Map<List<String>, String> refusals = Map.of(
                List.of("--seed", "1"), "the prompt is required",
                List.of("x", "--steps", "0"), "--steps must be from 1 to",
                List.of("x", "--size", "99x99"), "--size 99x99 cannot be made by \"default\"",
                List.of("x", "--seed", "-3"), "--seed must be from -1 to",
                List.of("x", "--guidance", "99"), "--guidance must be from 0",
                List.of("x", "--sampler", "bogus"), "--sampler: unknown sampler bogus; known: ddpm, ddim,",
                List.of("x", "--precision", "fp8"), "precision: \"fp8\" is none of",
                List.of("x", "--negative", "a".repeat(5000)), "--negative has 5000 characters",
                List.of("x", "--out", "no/x.png"), "--out: no/x.png cannot be written: there is no folder",
                List.of("x", "--frames", "no/x"), "--frames: no/x cannot be written: there is no folder");
        Map<String, String> environment =
                Map.of("DJL_CACHE_DIR", folder.resolve("cache").toString());
        List<List<String>> arguments = List.copyOf(refusals.keySet());
        List<List<String>> commands = arguments.stream()
                .map(more -> Stream.concat(Stream.of("generate"), more.stream()).toList())
                .toList();
        List<Outcome> outcomes = ManyCommands.run(folder, environment, commands);
        assertThat(outcomes).hasSameSizeAs(commands);
        for (int i = 0; i < commands.size(); i++) {
            Outcome outcome = outcomes.get(i);
            assertThat(outcome.exitCode())
                    .as("%s: %s", arguments.get(i), outcome.err())
                    .isEqualTo(2);
            assertThat(outcome.err())
                    .startsWith("weir: " + refusals.get(arguments.get(i)))
                    .hasLineCount(1);
        }
        assertThat(folder).isEmptyDirectory();
        assertThat(WeirProcess.run(folder, environment, commands.get(0)).exitCode())
                .isEqualTo(2);
        assertThat(folder).isEmptyDirectory();
    }

    /** Of TEST-NET-3, which no machine has. Hazelcast alone would log pages of stack traces. */
    @Test
    void anAddressOfAnotherMachineIsRefusedInOneLine() {
        Outcome outcome = weir("node", "gateway", "--bind", "203.0.113.1");
        assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(2);
        assertThat(outcome.err())
                .startsWith("weir: bind: 203.0.113.1 is not an address of this machine: ")
                .hasLineCount(1);
    }

    @Test
    void noGatewayIsAnExitCodeOfItsOwn() {
        Outcome outcome = weir("status", "--url", "http://127.0.0.1:9");
        assertThat(outcome.exitCode()).isEqualTo(3);
        assertThat(outcome.err())
                .startsWith("weir: no gateway answers at http://127.0.0.1:9")
                .hasLineCount(1);
    }

    @Test
    void helpTeachesByExamples() {
        assertThat(weir("--help").out()).contains("generate \"a red apple\"", "WEIR_PORT", "Exit codes");
        List<String> commands = List.of("generate", "up", "node", "status", "models");
        List<List<String>> asked = new ArrayList<>();
        commands.forEach(command -> asked.add(List.of(command, "--help")));
        asked.add(List.of("--version"));
        List<Outcome> helps = ManyCommands.run(folder, Map.of(), asked);
        for (int i = 0; i < commands.size(); i++) {
            assertThat(helps.get(i).exitCode()).isZero();
            assertThat(helps.get(i).out()).contains("Usage: weir " + commands.get(i));
        }
        assertThat(helps.get(commands.size()).out()).startsWith("weir ");
    }

    @Test
    void aGatewaysUrlMayHaveTheApisPathOrNoScheme() {
        String authority = UP.server().url().getAuthority();
        List<String> urls = List.of("http://%s/v1", "http://%s/v1/", "http://%s/", "%s", "%s/v1", "ftp://%s");
        List<Outcome> outcomes = ManyCommands.run(
                folder,
                Map.of(),
                urls.stream()
                        .map(url -> List.of("models", "--url", url.formatted(authority)))
                        .toList());
        for (int i = 0; i < urls.size() - 1; i++) {
            Outcome outcome = outcomes.get(i);
            assertThat(outcome.exitCode())
                    .as("%s: %s", urls.get(i), outcome.err())
                    .isZero();
            assertThat(outcome.out()).containsPattern("default +128 +64\\.\\.128, 128\\.\\.1024 upsampled ");
        }
        Outcome refused = outcomes.get(urls.size() - 1);
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.err()).startsWith("weir: --url: ftp://").hasLineCount(1);
    }

    @Test
    void statusShowsEveryStage() {
        Outcome outcome = weir("status", "--url", UP.server().url().toString());
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.out()).contains("text-encoder", "denoiser", "decoder", "default");
    }

    @Test
    void modelsSaysWhatRunsAndWhatDoesNotAndWhy() throws IOException {
        assertThat(weir("models").out()).containsPattern("default +StableDiffusionPipeline +128 +[0-9.]+ M +yes");
        assertThat(weir("models", "inspect", Repository.DEFAULT_MODEL.toString()))
                .matches(o -> o.exitCode() == 0)
                .extracting(Outcome::out)
                .asString()
                .contains("UNet2DConditionModel", "AutoencoderKL", "F16", "runs: 128x128");

        Path broken = Files.createDirectories(folder.resolve("broken"));
        Files.writeString(
                broken.resolve("model_index.json"),
                "{\"_class_name\": \"StableDiffusionXLPipeline\", \"unet\": [\"diffusers\", \"UNet2DConditionModel\"]}");
        Outcome outcome = weir("models", "inspect", "broken");
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.out()).contains("does not run").contains("unet");
        assertThat(weir("models", ".").out()).containsPattern("broken +StableDiffusionXLPipeline .* no");
    }
}
