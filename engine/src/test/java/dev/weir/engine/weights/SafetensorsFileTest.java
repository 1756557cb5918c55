package dev.weir.engine.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SafetensorsFileTest {

    @TempDir
    Path folder;

    @Test
    void tensorsAreReadAsTheyWereWritten() {
        Path file = new SafetensorsWriter()
                .metadata("{\"format\":\"pt\"}")
                .floats("a.weight", 1, -2.5f, 3)
                .tensor("b.bias", WeightType.BF16, new byte[] {1, 2, 3, 4}, 2, 1)
                .tensor("scalar", WeightType.I64, new byte[] {7, 0, 0, 0, 0, 0, 0, 0})
                .tensor("empty", WeightType.F16, new byte[0], 0, 4)
                .write(folder.resolve("model.safetensors"));

        SafetensorsFile weights = SafetensorsFile.open(file);

        assertThat(weights.names()).containsExactlyInAnyOrder("a.weight", "b.bias", "scalar", "empty");
        assertThat(weights.bytes("a.weight").getFloat(4)).isEqualTo(-2.5f);
        assertThat(weights.info("a.weight").shape()).containsExactly(3);
        assertThat(weights.info("b.bias").type()).isEqualTo(WeightType.BF16);
        assertThat(weights.info("b.bias").shape()).containsExactly(2, 1);
        assertThat(weights.bytes("b.bias")).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2, 3, 4}));
        assertThat(weights.bytes("scalar").getLong()).isEqualTo(7);
        assertThat(weights.info("scalar").shape()).isEmpty();
        assertThat(weights.bytes("empty").remaining()).isZero();
    }

    @ParameterizedTest
    @EnumSource(WeightType.class)
    void everyTypeIsRead(WeightType type) {
        Path file = new SafetensorsWriter()
                .tensor("x", type, new byte[3 * type.bytes()], 3)
                .write(folder.resolve("x.safetensors"));

        assertThat(SafetensorsFile.open(file).bytes("x").remaining()).isEqualTo(3 * type.bytes());
    }

    @Test
    void readersOfOneTensorDoNotMoveEachOther() {
        SafetensorsFile weights =
                SafetensorsFile.open(new SafetensorsWriter().floats("x", 1, 2).write(folder.resolve("x.safetensors")));

        weights.bytes("x").getFloat();

        assertThat(weights.bytes("x").getFloat()).isEqualTo(1);
    }

    @Test
    void mappedWeightsCannotBeWritten() {
        SafetensorsFile weights =
                SafetensorsFile.open(new SafetensorsWriter().floats("x", 1).write(folder.resolve("x.safetensors")));

        assertThat(weights.bytes("x").isReadOnly()).isTrue();
        assertThat(weights.bytes("x").isDirect()).isTrue();
    }

    @Test
    void aMissingTensorIsNamed() {
        SafetensorsFile weights =
                SafetensorsFile.open(new SafetensorsWriter().floats("x", 1).write(folder.resolve("x.safetensors")));

        assertThatThrownBy(() -> weights.info("y"))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("x.safetensors", "'y'");
    }

    /** A sparse file: it takes no disk, but its tensors lie on both sides of 2 GiB and one spans more. */
    @Test
    void filesLargerThanABufferAreReadTensorByTensor() throws IOException {
        long half = 1L << 30;
        long huge = 1L << 31;
        String header =
                """
                {"a":{"dtype":"U8","shape":[%1$d],"data_offsets":[0,%1$d]},
                 "b":{"dtype":"U8","shape":[%1$d],"data_offsets":[%1$d,%2$d]},
                 "huge":{"dtype":"U8","shape":[%2$d],"data_offsets":[%2$d,%3$d]},
                 "last":{"dtype":"F32","shape":[1],"data_offsets":[%3$d,%4$d]}}"""
                        .formatted(half, 2 * half, 2 * half + huge, 2 * half + huge + 4);
        Path file = folder.resolve("large.safetensors");
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            byte[] head = SafetensorsWriter.file(header, new byte[0]);
            channel.write(ByteBuffer.wrap(head));
            ByteBuffer number =
                    ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(0, 42);
            channel.write(number, head.length + 2 * half + huge);
        }

        SafetensorsFile weights = SafetensorsFile.open(file);

        assertThat(weights.bytes("last").getFloat()).isEqualTo(42);
        assertThat(weights.bytes("b").remaining()).isEqualTo(1 << 30);
        assertThatThrownBy(() -> weights.bytes("huge")).hasMessageContainingAll("large.safetensors", "'huge'", "limit");
    }

    /** Data of every case: 8 bytes. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "overlaps | {'a':{'dtype':'U8','shape':[5],'data_offsets':[0,5]},'b':{'dtype':'U8','shape':[4],'data_offsets':[4,8]}} | 'b' overlaps",
                "covers | {'a':{'dtype':'U8','shape':[8],'data_offsets':[0,8]},'b':{'dtype':'U8','shape':[8],'data_offsets':[0,8]}} | 'b' overlaps",
                "hole | {'a':{'dtype':'U8','shape':[3],'data_offsets':[0,3]},'b':{'dtype':'U8','shape':[4],'data_offsets':[4,8]}} | 'b' leaves a hole",
                "late start | {'a':{'dtype':'U8','shape':[7],'data_offsets':[1,8]}} | 'a' leaves a hole",
                "rest | {'a':{'dtype':'U8','shape':[7],'data_offsets':[0,7]}} | last 1 bytes belong to no tensor",
                "nothing | {} | last 8 bytes belong to no tensor",
                "past the end | {'a':{'dtype':'U8','shape':[9],'data_offsets':[0,9]}} | 'a': data_offsets",
                "backwards | {'a':{'dtype':'U8','shape':[8],'data_offsets':[8,0]}} | 'a': data_offsets",
                "negative | {'a':{'dtype':'U8','shape':[8],'data_offsets':[-8,0]}} | 'a': data_offsets[0]",
                "beyond long | {'a':{'dtype':'U8','shape':[8],'data_offsets':[0,18446744073709551624]}} | 'a': data_offsets[1]",
                "three offsets | {'a':{'dtype':'U8','shape':[8],'data_offsets':[0,4,8]}} | 'a': data_offsets",
                "fraction | {'a':{'dtype':'U8','shape':[8.0],'data_offsets':[0,8]}} | 'a': shape[0]",
                "misshapen | {'a':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}} | 'a': 8 bytes do not fill shape [3] of F32",
                "overflowing | {'a':{'dtype':'U8','shape':[4294967296,4294967296,8],'data_offsets':[0,8]}} | 'a': shape",
                "wrapping to 8 | {'a':{'dtype':'I64','shape':[2305843009213693953],'data_offsets':[0,8]}} | 'a': shape",
                "unknown dtype | {'a':{'dtype':'F8_E4M3','shape':[8],'data_offsets':[0,8]}} | 'a': dtype \"F8_E4M3\"",
                "no dtype | {'a':{'shape':[8],'data_offsets':[0,8]}} | 'a': dtype missing",
                "no shape | {'a':{'dtype':'U8','data_offsets':[0,8]}} | 'a': shape",
                "no offsets | {'a':{'dtype':'U8','shape':[8]}} | 'a': data_offsets",
                "a number | {'a':8} | 'a': dtype missing",
                "twice | {'a':{'dtype':'U8','shape':[4],'data_offsets':[0,4]},'a':{'dtype':'U8','shape':[4],'data_offsets':[4,8]}} | Duplicate field 'a'",
                "a list | [1] | not a JSON object",
                "cut short | {'a':{'dtype':'U8' | not valid JSON",
                "trailing | {'a':{'dtype':'U8','shape':[8],'data_offsets':[0,8]}} {} | not valid JSON",
            })
    void malformedHeadersAreRefusedNamingFileAndTensor(String name, String header, String said) {
        Path file = SafetensorsWriter.write(
                folder.resolve("bad.safetensors"), SafetensorsWriter.file(header.replace('\'', '"'), new byte[8]));

        assertThatThrownBy(() -> SafetensorsFile.open(file))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("bad.safetensors", said)
                .message()
                .doesNotContain("Feature", "Source:");
    }

    @ParameterizedTest
    @CsvSource({"9", "-1", "9223372036854775807", "0"})
    void headersThatDoNotFitTheFileAreRefused(long headerBytes) {
        byte[] bytes = ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(headerBytes)
                .array();

        assertThatThrownBy(() -> SafetensorsFile.open(SafetensorsWriter.write(folder.resolve("x.safetensors"), bytes)))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("x.safetensors", "header");
    }

    @Test
    void headersThatAreNotUtf8AreRefused() {
        byte[] json = "{\"\u00e4\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}"
                .getBytes(StandardCharsets.ISO_8859_1);
        byte[] bytes = ByteBuffer.allocate(8 + json.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .array();

        assertThatThrownBy(() -> SafetensorsFile.open(SafetensorsWriter.write(folder.resolve("x.safetensors"), bytes)))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("x.safetensors", "not UTF-8");
    }

    @Test
    void missingAndTinyFilesAreRefused() {
        assertThatThrownBy(() -> SafetensorsFile.open(folder.resolve("none.safetensors")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("no such file");
        assertThatThrownBy(() ->
                        SafetensorsFile.open(SafetensorsWriter.write(folder.resolve("tiny.safetensors"), new byte[7])))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("7 bytes");
    }
}
