package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every command says of a model that does not run, and how another sampler is chosen where its own is refused. */
final class ModelRefusalsTest {

    private static final Path TINY = Repository.ROOT.resolve("engine/src/test/resources/reference/checkpoints/sd1");

    @TempDir
    Path folder;

    private Outcome weir(String... arguments) {
        return WeirProcess.run(folder, Map.of(), List.of(arguments));
    }

    @Test
    void everyCommandSaysInItsFirstLineWhatThePathIsAndWhatToDo() throws IOException {
        byte[] header =
                "{\"lora_unet_x.lora_down.weight\": {\"dtype\": \"F16\", \"shape\": [0], \"data_offsets\": [0, 0]}}"
                        .getBytes(StandardCharsets.UTF_8);
        Path lora = folder.resolve("style.safetensors");
        Files.write(
                lora,
                ByteBuffer.allocate(Long.BYTES + header.length)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(header.length)
                        .put(header)
                        .array());
        String said = lora + ": a LoRA. Give its folder as --lora-dir";

        Outcome inspect = weir("models", "inspect", lora.toString());
        assertThat(inspect.exitCode()).isEqualTo(1);
        assertThat(inspect.out())
                .startsWith(lora + "  a LoRA with the names of kohya")
                .contains("does not run: the layer lora_unet_x has no up beside its down");
        for (String[] command : new String[][] {{"up", "--port", "0"}, {"node", "decoder"}, {"generate", "a cat"}}) {
            Outcome outcome = weir(Stream.concat(Stream.of(command), Stream.of("--model", lora.toString()))
                    .toArray(String[]::new));
            assertThat(outcome.exitCode()).as(command[0]).isNotZero();
            assertThat(said(outcome)).as(command[0]).startsWith("weir: " + said);
        }
    }

    @Test
    void aSchedulerThatIsRefusedIsReplacedOnlyByASamplerThatWasChosen() throws IOException {
        Path model = copyOfTiny();
        publishedWith(model, "DPMSolverSDEScheduler");

        Outcome refused = weir("generate", "a cat", "--steps", "2", "--model", model.toString());
        assertThat(refused.exitCode()).isNotZero();
        assertThat(said(refused))
                .startsWith("weir: " + model)
                .contains(
                        "DPMSolverSDEScheduler is not available; available: ddpm, ddim, pndm,",
                        "Choose one with --sampler");
        assertThat(weir("models", "inspect", model.toString()).out())
                .contains("DPMSolverSDEScheduler is not available");

        Outcome chosen =
                weir("generate", "a cat", "--steps", "2", "--model", model.toString(), "--sampler", "dpmpp_2m");
        assertThat(chosen.exitCode()).as(chosen.err()).isZero();

        Files.writeString(model.resolve("weir.json"), "{\"defaults\": {\"sampler\": \"euler\"}}");
        assertThat(weir("models", "inspect", model.toString()).out()).contains("steps of euler");
    }

    /** All that it printed beside its progress. */
    private static String said(Outcome outcome) {
        return outcome.err().replace("loading the model\n", "");
    }

    private Path copyOfTiny() throws IOException {
        Path model = folder.resolve("tiny");
        try (Stream<Path> files = Files.walk(TINY)) {
            files.forEach(file -> {
                try {
                    Files.copy(file, model.resolve(TINY.relativize(file).toString()));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
        return model;
    }

    private static void publishedWith(Path model, String scheduler) throws IOException {
        ObjectMapper json = new ObjectMapper();
        Path index = model.resolve("model_index.json");
        ObjectNode changed = (ObjectNode) json.readTree(index.toFile());
        changed.putArray("scheduler").add("diffusers").add(scheduler);
        Files.writeString(index, changed.toString());
        Path config = model.resolve("scheduler/scheduler_config.json");
        Files.writeString(
                config,
                ((ObjectNode) json.readTree(config.toFile()))
                        .put("_class_name", scheduler)
                        .toString());
    }
}
