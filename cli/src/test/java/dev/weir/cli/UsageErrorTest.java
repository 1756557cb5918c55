package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.client.Options;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class UsageErrorTest {

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();

    /** The one line that a wrong command line gets. */
    private String refusal(String... args) {
        StringWriter err = new StringWriter();
        int code = Main.run(Map.of(), folder, new PrintWriter(out, true), new PrintWriter(err, true), args);
        assertThat(code).as(err.toString()).isEqualTo(CliException.USAGE);
        assertThat(err.toString()).startsWith("weir: ").hasLineCount(1).doesNotContain("java.", "Exception");
        return err.toString().strip().substring("weir: ".length());
    }

    @Test
    void helpAndVersionAreCommandsToo() {
        PrintWriter err = new PrintWriter(out, true);
        assertThat(Main.run(Map.of(), folder, err, err, "version")).isZero();
        assertThat(out.toString()).startsWith("weir ").contains("Java ");
        assertThat(Main.run(Map.of(), folder, err, err, "help")).isZero();
        assertThat(out.toString()).contains("Usage: weir [OPTIONS] COMMAND", "generate \"a red apple\"");
        assertThat(Main.run(Map.of(), folder, err, err, "help", "models", "inspect"))
                .isZero();
        assertThat(out.toString()).contains("Usage: weir models inspect");
        assertThat(refusal("help", "modles")).isEqualTo("there is no command \"modles\" (did you mean models?)");
    }

    @Test
    void aKeyThatNoHeaderMayHaveIsRefusedUnderItsOwnName() {
        for (String key : List.of("weir_a\nb", "weir_a b", "weir_ä")) {
            assertThat(refusal("models", "--url", "http://127.0.0.1:1", "--api-key", key))
                    .isEqualTo("--api-key: an API key has visible ASCII characters only");
        }
    }

    @Test
    void framesOfAGradeThatTheModelLacksAreRefusedBeforeItIsLoaded() {
        Path reference = Path.of("../engine/src/test/resources/reference").toAbsolutePath();
        String model = reference.resolve("checkpoints/sd1").toString();
        assertThat(refusal("generate", "x", "--model", model, "--frames", "frames", "--frame-grade", "taesd"))
                .startsWith("--frame-grade must not be taesd: \"sd1\" has no tiny autoencoder. It has latent_rgb, vae.")
                .contains("--taesd");
        assertThat(refusal("generate", "x", "--model", model, "--taesd", "nowhere"))
                .isEqualTo("--taesd: there is no folder nowhere");
        assertThat(refusal("generate", "x", "--model", model, "--vae", "nowhere"))
                .isEqualTo("--vae: there is no file or folder nowhere");
        assertThat(refusal("generate", "x", "--model", model + "," + reference.resolve("sdxl"), "--vae", model))
                .contains("--vae: it is for one model, and there are 2", "weir.json");
        assertThat(refusal("generate", "x", "--model", model, "--frame-grade", "best"))
                .contains("--frame-grade");
    }

    @Test
    void foldersBesideModelsAreSaidToBeWhatTheyAre() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        Path loras = Files.createDirectory(folder.resolve("loras"));
        Path same = Files.createSymbolicLink(folder.resolve("same"), loras);
        Path circle = Files.createSymbolicLink(folder.resolve("circle"), Path.of("circle"));
        for (String flag :
                List.of("--lora-dir", "--controlnet-dir", "--embedding-dir", "--ip-adapter-dir", "--upscaler-dir")) {
            assertThat(refusal("generate", "x", flag, file.toString()))
                    .isEqualTo("%s: %s is a file and not a folder".formatted(flag, file));
            assertThat(refusal("generate", "x", flag, circle.toString()))
                    .isEqualTo("%s: %s is a link that leads in a circle".formatted(flag, circle));
            assertThat(refusal("generate", "x", flag, loras + "," + loras))
                    .isEqualTo("%s: %s is given twice".formatted(flag, loras));
            assertThat(refusal("generate", "x", flag, loras + "," + same))
                    .isEqualTo("%s: %s and %s are the same folder".formatted(flag, loras, same));
        }
        assertThat(refusal("models", "inspect", circle.toString()))
                .isEqualTo(circle + " is a link that leads in a circle");
        assertThat(refusal("models", "inspect", "")).isEqualTo("no model is named: the name is empty");
        Path gone = Files.createSymbolicLink(folder.resolve("gone"), Path.of("nothing"));
        assertThat(refusal("models", "inspect", gone.toString()))
                .isEqualTo(gone + " is a link to a file or folder that does not exist");
    }

    @Test
    void lorasAreCheckedBeforeTheModelIsLoaded() {
        Path reference = Path.of("../engine/src/test/resources/reference").toAbsolutePath();
        String model = reference.resolve("checkpoints/sd1").toString();
        String folder = reference.resolve("lora").toString();
        assertThat(refusal("generate", "x", "--model", model, "--lora-dir", "nowhere"))
                .isEqualTo("--lora-dir: there is no folder nowhere");
        assertThat(refusal("generate", "x", "--model", model, "--lora-dir", folder, "--lora", "peft:high"))
                .isEqualTo("--lora peft:high: the weight must be a number");
        assertThat(refusal("generate", "x", "--model", model, "--lora-dir", folder, "--lora", "peft:11"))
                .startsWith("--lora")
                .contains("10");
        assertThat(refusal(
                        "generate", "x", "--model", model, "--lora-dir", folder, "--lora", "peft", "--lora", "no:-1"))
                .startsWith("--lora")
                .contains("\"no\" is no LoRA", "there are kohya");
    }

    @Test
    void controlNetsAreCheckedBeforeTheModelIsLoaded() {
        Path reference = Path.of("../engine/src/test/resources/reference").toAbsolutePath();
        String photo = reference.resolve("images/photo.png").toString();
        assertThat(refusal("generate", "x", "--controlnet-dir", "nowhere"))
                .isEqualTo("--controlnet-dir: there is no folder nowhere");
        assertThat(refusal("generate", "x", "--controlnet", "edges"))
                .isEqualTo("--controlnet edges: it must begin with NAME=FILE");
        assertThat(refusal("generate", "x", "--controlnet", "edges=nowhere.png"))
                .isEqualTo("--controlnet edges=nowhere.png: nowhere.png cannot be read");
        assertThat(refusal("generate", "x", "--controlnet", "edges=" + photo + ",scale=high"))
                .endsWith("\"high\" is no number");
        assertThat(refusal("generate", "x", "--controlnet", "edges=" + photo + ",weight=1"))
                .endsWith("\"weight=1\" is none of scale, start, end, preprocess, guess");
        List<String> request = List.of(
                "generate",
                "x",
                "--model=" + reference.resolve("checkpoints/sd1"),
                "--controlnet-dir=" + reference.resolve("controlnets/sd1"));
        assertThat(refusal(with(request, "--controlnet=faces=" + photo)))
                .startsWith("--controlnet \"faces\" is no ControlNet")
                .contains("there are edges, pooled, shapes");
        assertThat(refusal(with(request, "--controlnet=edges=" + photo + ",preprocess=openpose")))
                .startsWith("--controlnet must be one of [none, canny, blur, invert]");
        assertThat(refusal(with(request, "--controlnet=edges=" + photo + ",scale=11")))
                .startsWith("--controlnet must be from 0 to 10");
    }

    @Test
    void ipAdaptersAreCheckedBeforeTheModelIsLoaded() {
        Path reference = Path.of("../engine/src/test/resources/reference").toAbsolutePath();
        String photo = reference.resolve("images/photo.png").toString();
        assertThat(refusal("generate", "x", "--ip-adapter-dir", "nowhere"))
                .isEqualTo("--ip-adapter-dir: there is no folder nowhere");
        for (String wrong : List.of("style", "style=", "=" + photo)) {
            assertThat(refusal("generate", "x", "--ip-adapter", wrong))
                    .isEqualTo("--ip-adapter %s: it must be NAME[:SCALE]=FILE[,FILE]".formatted(wrong));
        }
        assertThat(refusal("generate", "x", "--ip-adapter", "style:high=" + photo))
                .endsWith("the scale must be a number");
        assertThat(refusal("generate", "x", "--ip-adapter", "style=" + photo + ",nowhere.png"))
                .contains("--ip-adapter", "nowhere.png");
        List<String> request = List.of(
                "generate",
                "x",
                "--model=" + reference.resolve("checkpoints/sd1"),
                "--ip-adapter-dir=" + reference.resolve("ip_adapter"));
        assertThat(refusal(with(request, "--ip-adapter=faces=" + photo)))
                .startsWith("--ip-adapter")
                .contains("\"faces\" is no IP-Adapter", "there are ip-adapter-plus_sd15, ip-adapter_sd15");
        assertThat(refusal(with(request, "--ip-adapter=ip-adapter_sd15:99=" + photo)))
                .startsWith("--ip-adapter");
    }

    @Test
    void anIpAdapterOfTheCommandLineIsThatOfTheRequest() throws IOException {
        Path first = Files.write(folder.resolve("first one.png"), new byte[] {1});
        Path second = Files.write(folder.resolve("zweites \u00fc.png"), new byte[] {2, 3});
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        IpAdapterOption.parse("a:b:0.6=" + first + "," + second)
                .addTo(IpAdapterOption.parse("other=" + first).addTo(Options.NONE))
                .addTo(json);
        assertThat(json.path("ip_adapters"))
                .isEqualTo(
                        new ObjectMapper()
                                .readTree(
                                        """
                                [{"name": "other", "scale": 1.0, "images": ["AQ=="]},
                                 {"name": "a:b", "scale": 0.6, "images": ["AQ==", "AgM="]}]"""));
    }

    private static String[] with(List<String> request, String more) {
        return Stream.concat(request.stream(), Stream.of(more)).toArray(String[]::new);
    }

    @Test
    void aModelSaysWhatItTakesOfAPictureBeforeItIsLoaded() {
        Path reference = Path.of("../engine/src/test/resources/reference").toAbsolutePath();
        String photo = reference.resolve("images/photo.png").toString();
        String plain = reference.resolve("variations/plain").toString();
        String unclip = reference.resolve("variations/unclip").toString();
        assertThat(refusal("generate", "--model", plain)).startsWith("--image is required");
        assertThat(refusal("generate", "--model", plain, "--image", photo, "--noise-level", "3"))
                .startsWith(
                        "--noise-level is not taken by \"plain\", which takes --image, --guidance, --guidance-rescale");
        assertThat(refusal("generate", "--model", unclip, "--image", photo, "--noise-level", "1000"))
                .startsWith("--noise-level must be from 0 to 999");
    }

    @Test
    void fieldsHaveTheNamesOfTheirOptionsThroughoutAMessage() {
        Path reference = Path.of("../engine/src/test/resources/reference").toAbsolutePath();
        String model = reference.resolve("checkpoints/sd1").toString();
        String photo = reference.resolve("images/photo.png").toString();
        assertThat(refusal("generate", "x", "--model", model, "--strength", "0.5"))
                .startsWith("--image is required where --strength is given");
        assertThat(refusal("generate", "x", "--model", model, "--image", photo, "--mask-blur", "2"))
                .startsWith("--mask is required where --mask-blur is given");
        String small = reference.resolve("beside/map.png").toString();
        assertThat(refusal(
                        "generate",
                        "x",
                        "--model",
                        model,
                        "--image",
                        photo,
                        "--mask",
                        small,
                        "--padding-mask-crop",
                        "2"))
                .startsWith("--mask has ")
                .contains("with --padding-mask-crop it must be as large as --image");
    }

    @Test
    void aSeedThatIsNoWholeNumberIsToldWithoutNamesOfClasses() {
        for (String seed : List.of("1.5", "seven", "")) {
            assertThat(refusal("generate", "x", "--seed=" + seed))
                    .contains("--seed", "'" + seed + "' is not a whole number")
                    .doesNotContain("Exception");
        }
    }

    @Test
    void theNearestNameIsSuggestedAndNoneThatIsFar() {
        assertThat(refusal("stauts"))
                .isEqualTo("there is no command \"stauts\" (did you mean status?). Try: weir --help");
        assertThat(refusal("gen", "x")).contains("(did you mean generate?)");
        assertThat(refusal("paint")).isEqualTo("there is no command \"paint\". Try: weir --help");
        assertThat(refusal("generate", "x", "--stpes=3"))
                .isEqualTo("there is no option --stpes (did you mean --steps?). Try: weir generate --help");
        assertThat(refusal("generate", "x", "--colour", "red"))
                .isEqualTo("there is no option --colour. Try: weir generate --help");
        assertThat(UsageError.nearest("a", List.of("up", "node"))).isEmpty();
        assertThat(UsageError.nearest("nodes", List.of("up", "node"))).contains("node");
    }

    @Test
    void whatIsWrongIsSaidWithoutNamesOfClasses() {
        assertThat(refusal("generate", "a", "cat"))
                .isEqualTo("the argument \"cat\" is one too many: put the prompt in quotes. Try: weir generate --help");
        assertThat(refusal("up", "--port", "many")).contains("'many' is not a whole number");
        assertThat(refusal("generate", "x", "--guidance", "much")).contains("'much' is not a number");
        assertThat(refusal("generate", "x", "--steps", "abc")).contains("'abc' is not a whole number");
        assertThat(refusal("node", "painter")).contains("no role is named \"painter\"; there are gateway,");
        assertThat(refusal("generate", "x", "--out", "a\0b.png")).contains("--out", "Nul character not allowed");
    }

    @Test
    void aModelThatIsNoFolderIsNamedOnce() {
        assertThat(refusal("models", "inspect", "/nonexist")).isEqualTo("there is no model folder /nonexist");
        assertThat(refusal("models", "inspect", "nonexist"))
                .startsWith("there is neither a model folder nonexist nor ");
        assertThat(refusal("generate", "x", "--model", "runwayml/stable-diffusion-v1-5"))
                .startsWith("there is no model folder runwayml/stable-diffusion-v1-5. Weir does not download models: ")
                .contains("from_pretrained(\"runwayml/stable-diffusion-v1-5\").save_pretrained(FOLDER)");
    }

    @Test
    void aModelThatDoesNotRunForOneReasonIsToldInOneLine() throws Exception {
        StringWriter said = new StringWriter();
        PrintWriter writer = new PrintWriter(said, true);
        Path file = Files.writeString(folder.resolve("v1-5.ckpt"), "x");
        assertThat(Main.run(Map.of(), folder, writer, writer, "models", "inspect", file.toString()))
                .isEqualTo(CliException.FAILED);
        assertThat(said.toString())
                .contains("weir models convert FILE NEW_FOLDER")
                .hasLineCount(1);
    }

    @Test
    void aFolderOfModelsThatIsNotThereIsToldAsSuch() {
        StringWriter said = new StringWriter();
        PrintWriter writer = new PrintWriter(said, true);
        String missing = folder.resolve("none").toString();
        Main.run(Map.of(), folder, writer, writer, "models", missing);
        assertThat(said.toString()).isEqualTo("weir: " + missing + ": no such folder" + System.lineSeparator());
    }

    @Test
    void aSettingsFileThatCannotBeReadIsToldWithTheReason() throws Exception {
        Path file = folder.resolve("weir.yaml");
        assertThat(refusal("status", "--config", "none.yaml"))
                .endsWith("none.yaml cannot be read: No such file or directory");
        Files.writeString(file, "a: 1\nb: [");
        assertThat(refusal("status")).contains("weir.yaml: line 2 is not YAML: expected the node content");
        Files.write(file, "out: \u00e4".getBytes(StandardCharsets.ISO_8859_1));
        assertThat(refusal("status")).endsWith("weir.yaml cannot be read: it is not valid UTF-8");
    }

    @Test
    void aFileIsNamedOnceAndAnErrorOfWeirSaysThatItIsOne() {
        assertThat(CliException.describe(new NoSuchFileException("a.pem")))
                .isEqualTo("a.pem: No such file or directory");
        assertThat(CliException.describe(new IllegalStateException("it has a reason")))
                .isEqualTo("it has a reason");
        assertThat(CliException.describe(new NullPointerException("a b")))
                .startsWith("an error of Weir itself: ")
                .endsWith("; add -v to see where it happened");
    }
}
