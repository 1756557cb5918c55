package dev.weir.engine.pickle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ModelException;
import dev.weir.engine.ReferenceFile;
import dev.weir.engine.weights.SafetensorsFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that PyTorch wrote: the same tensors, and nothing run. */
class PickledFileTest {

    private static final Path HOME = ReferenceFile.path("pickles");

    @TempDir
    Path folder;

    static Iterable<Map.Entry<String, JsonNode>> readable() {
        return JsonFile.read(HOME.resolve("cases.json")).path("read").properties();
    }

    static Iterable<Map.Entry<String, JsonNode>> refused() {
        return JsonFile.read(HOME.resolve("cases.json")).path("refused").properties();
    }

    @ParameterizedTest
    @MethodSource("readable")
    void tensorsAreThoseOfPyTorch(Map.Entry<String, JsonNode> kase) {
        SafetensorsFile expected = SafetensorsFile.open(HOME.resolve("expected.safetensors"));
        String prefix = kase.getValue().asText() + "/";

        PickledFile file = PickledFile.open(HOME.resolve(kase.getKey()));

        assertThat(file.names())
                .isEqualTo(expected.names().stream()
                        .filter(name -> name.startsWith(prefix))
                        .map(name -> name.substring(prefix.length()))
                        .collect(Collectors.toSet()));
        for (String name : file.names()) {
            assertThat(file.info(name).type())
                    .isEqualTo(expected.info(prefix + name).type());
            assertThat(file.info(name).shape())
                    .isEqualTo(expected.info(prefix + name).shape());
            assertThat(file.bytes(name)).as(name).isEqualTo(expected.bytes(prefix + name));
        }
    }

    @ParameterizedTest
    @MethodSource("refused")
    void whatIsNoTensorIsRefusedByItsName(Map.Entry<String, JsonNode> kase) {
        Path file = HOME.resolve(kase.getKey());

        assertThatThrownBy(() -> PickledFile.open(file))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll(file.toString(), kase.getValue().asText());
        assertThat(Path.of("/tmp/weir-was-here")).doesNotExist();
    }

    @Test
    void aCheckpointSaysHowLongItWasTrained() {
        assertThat(PickledFile.open(HOME.resolve("lightning.ckpt")).notes()).isEqualTo(Map.of("global_step", "875000"));
        assertThat(PickledFile.open(HOME.resolve("plain.pth")).notes()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain.pth", "plain-old.pth"})
    void aCutFileIsRefused(String name) throws IOException {
        byte[] whole = Files.readAllBytes(HOME.resolve(name));
        for (int bytes = 0; bytes < whole.length; bytes += 7) {
            Path cut = Files.write(folder.resolve(name), Arrays.copyOf(whole, bytes));

            assertThatThrownBy(() -> PickledFile.open(cut))
                    .as("%d bytes", bytes)
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining(name);
        }
    }

    /** Each of these would take the memory or the stack of a reader that believes it. */
    @Test
    void picklesThatGrowAreRefused() {
        refusedPickle("more than", repeated("(", Unpickler.MOST_INSTRUCTIONS));
        refusedPickle("more than", repeated("}", Unpickler.MOST_INSTRUCTIONS));
        refusedPickle("ends in the middle", bytes(0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f));
        refusedPickle("ends in the middle", bytes('X', 0xff, 0xff, 0xff, 0xff));
        refusedPickle("ends in the middle", bytes(0x8b, 0xff, 0xff, 0xff, 0x7f));
        // A list in itself as a key: its hash would never end.
        refusedPickle("neither text nor number", bytes(']', 'q', 0, 'h', 0, 'a', 'q', 1, '}', 'h', 1, 'N', 's'));
        refusedPickle("takes a value that is not there", bytes('0'));
        refusedPickle("no function", bytes('N', ')', 'R'));
        refusedPickle("such as float8", global("torch._utils\n_rebuild_tensor_v3\n"));
        refusedPickle("it has a.?[31mb of Python", global("a\n\u001b[31mb\n"));
        refusedPickle("a.bbb", global("a\n" + "b".repeat(1000) + "\n"));
        refusedPickle("b… of Python", global("a\n" + "b".repeat(1000) + "\n"));
        refusedPickle("an object of Python", bytes(')', ')', 0x81));
    }

    @Test
    void aDeepPickleCostsNoStack() {
        byte[] lists = repeated("]", 400_000);
        byte[] appends = repeated("a", 399_999);
        var pickle = new ByteArrayOutputStream();
        pickle.writeBytes(lists);
        pickle.writeBytes(appends);
        pickle.write('.');

        assertThat(Unpickler.load(ByteBuffer.wrap(pickle.toByteArray()))).isInstanceOf(java.util.List.class);
    }

    @Test
    void aProgramIsToldApart() throws IOException {
        Path file = folder.resolve("program.pt");
        try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new ZipEntry("model/code/__torch__.py"));
            zip.write(new byte[100]);
        }
        assertThatThrownBy(() -> PickledFile.open(file))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll(file.toString(), "TorchScript program", "state_dict");
    }

    private static byte[] global(String names) {
        return ("c" + names).getBytes(StandardCharsets.UTF_8);
    }

    private static void refusedPickle(String reason, byte... pickle) {
        assertThatThrownBy(() -> Unpickler.load(ByteBuffer.wrap(pickle)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(reason);
    }

    private static byte[] repeated(String instruction, int times) {
        byte[] bytes = new byte[times];
        Arrays.fill(bytes, (byte) instruction.charAt(0));
        return bytes;
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }
}
