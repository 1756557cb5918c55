package dev.weir.proto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.fail;

import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.DType;
import dev.weir.proto.v1.Offer;
import dev.weir.proto.v1.ParcelHeader;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Task;
import dev.weir.proto.v1.TensorSpec;
import io.vertx.core.buffer.Buffer;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class ParcelCodecTest {

    private final ParcelCodec codec = new ParcelCodec();

    @Test
    void aTensorTellsWhetherItsNumbersAreFinite() {
        assertThat(Tensor.ofFloats("x", new float[] {1, -Float.MAX_VALUE}, 2).isFinite())
                .isTrue();
        assertThat(Tensor.ofFloats("x", new float[] {1, Float.NaN}, 2).isFinite())
                .isFalse();
        assertThat(Tensor.ofFloats("x", new float[] {Float.NEGATIVE_INFINITY}, 1)
                        .isFinite())
                .isFalse();
        ByteBuffer infinity = ByteBuffer.wrap(new byte[] {0, 0x7c});
        assertThat(new Tensor("x", DType.FLOAT16, new long[] {1}, infinity).isFinite())
                .isFalse();
        assertThat(Tensor.ofBytes("image", new byte[] {-1, -1}).isFinite()).isTrue();
    }

    @Test
    void aParcelArrivesAsItWasSent() {
        Parcel sent = parcel();

        Parcel received = (Parcel) codec.decodeFromWire(3, wire(sent, 3));

        assertThat(received.header()).isEqualTo(sent.header());
        assertThat(received.tensors()).extracting(Tensor::name).containsExactly("latent", "tokens", "empty");
        assertThat(received.tensor("latent").orElseThrow().toFloats()).containsExactly(1f, -2f, 0.5f, 1e-8f, 3f, 4f);
        assertThat(received.tensor("latent").orElseThrow().shape()).containsExactly(1, 2, 3);
        assertThat(received.tensor("tokens").orElseThrow().toBytes()).containsExactly(1, 2, 3);
        assertThat(received.tensor("empty").orElseThrow().dtype()).isEqualTo(DType.INT64);
    }

    /** Two prompts that change between 32 texts have so many with SDXL, besides the request's files. */
    @Test
    void theTensorsOfManyTextsFitIntoAParcel() {
        List<Tensor> tensors = IntStream.range(0, 32 * 2 * 2 + 16)
                .mapToObj(i -> Tensor.ofFloats("cond/" + i + "/encoder_hidden_states", new float[] {i}, 1))
                .toList();
        Parcel sent = Parcel.of(Offer.getDefaultInstance(), tensors);
        Parcel received = (Parcel) codec.decodeFromWire(0, wire(sent, 0));
        assertThat(received.tensors()).hasSize(tensors.size());
    }

    @Test
    void everyMutatedFrameIsToldFromASoundOne() {
        byte[] sound = ParcelFormat.encode(parcel());
        Random random = new Random(20_260_101);
        for (int i = 0; i < 100_000; i++) {
            byte[] mutated = mutate(sound, random);

            Frame frame = codec.decodeFromWire(0, Buffer.buffer(mutated));

            if (frame instanceof Parcel && !Arrays.equals(mutated, sound)) {
                fail("mutation %d was taken for a sound frame", i);
            }
        }
    }

    @Test
    void aHeaderWithASoundChecksumIsStillNotBelieved() {
        Random random = new Random(7);
        byte[] head = header(spec(4, 4, 0)).toByteArray();
        for (int i = 0; i < 100_000; i++) {
            byte[] frame = frameOf(mutate(head, random), new byte[random.nextInt(64)]);

            if (ParcelFormat.decode(frame) instanceof Parcel parcel) {
                assertThat(ParcelFormat.tensorBytes(parcel)).isLessThanOrEqualTo(frame.length);
            }
        }
    }

    @Test
    void sizesThatDoNotAgreeAreGarbled() {
        assertGarbled(header(spec(4, 5, 0)), 4, "announces 5 bytes");
        assertGarbled(header(spec(1L << 40, 1L << 40, 0)), 4, "where 4 follow");
        assertGarbled(header(spec(-4, 4, 0)), 4, "no negative side");
        assertGarbled(header(spec(4, 4, 1)), 4, "tensor t: its checksum");
        assertGarbled(header(spec(0, 0, 0)), 1, "1 bytes follow the last tensor");
        assertGarbled(header(spec(Long.MAX_VALUE, 4, 0).toBuilder().addShape(3).build()), 4, "overflow");
        assertGarbled(header(spec(0, 0, 0), spec(0, 0, 0)), 0, "two tensors are named t");
        assertGarbled(header(spec(0, 0, 0).toBuilder().setDtypeValue(99).build()), 0, "no tensor has the type");
        assertGarbled(ParcelHeader.getDefaultInstance(), 0, "no body");
    }

    @Test
    void framesOfAnotherKindOrVersionAreGarbled() {
        byte[] sound = ParcelFormat.encode(parcel());
        byte[] foreign = sound.clone();
        foreign[0] = 'X';
        byte[] newer = sound.clone();
        newer[5] = 2;

        assertThat(codec.decodeFromWire(0, Buffer.buffer())).isInstanceOf(Garbled.class);
        assertThat(codec.decodeFromWire(9, Buffer.buffer("four"))).isInstanceOf(Garbled.class);
        assertThat(reason(foreign)).contains("magic");
        assertThat(reason(newer)).contains("schema version 2");
        assertThat(reason(new byte[ParcelFormat.MAX_MESSAGE_BYTES + 1])).contains("at most");
    }

    @Test
    void whatDoesNotFitOneMessageIsRefusedAtTheSender() {
        Tensor large = Tensor.ofBytes("image", new byte[ParcelFormat.MAX_TENSOR_BYTES + 1]);
        Parcel parcel = new Parcel(parcel().header(), List.of(large));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.encodeToWire(Buffer.buffer(), parcel))
                .withMessageContaining("at most 1048576 bytes");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.encodeToWire(Buffer.buffer(), new Garbled("noise")));
    }

    /** What was encoded for the receiver before is not mistaken for another parcel. */
    @Test
    void eachReceiverGetsTheSameBytesOfAParcel() {
        Parcel published = Parcel.of(Cancel.newBuilder().setJobId("a").build());
        Parcel equal = Parcel.of(Cancel.newBuilder().setJobId("a").build());
        Parcel other = Parcel.of(Cancel.newBuilder().setJobId("b").build());

        Buffer first = wire(published, 0);

        assertThat(wire(published, 0)).isEqualTo(first);
        assertThat(wire(equal, 0)).isEqualTo(first);
        assertThat(codec.decodeFromWire(0, wire(other, 0))).isEqualTo(other);
        assertThat(codec.decodeFromWire(0, wire(parcel(), 0))).isNotEqualTo(other);
        assertThat(codec.decodeFromWire(0, wire(published, 0))).isEqualTo(published);
    }

    @Test
    void localDeliverySharesTheParcel() {
        Parcel parcel = parcel();

        assertThat(codec.transform(parcel)).isSameAs(parcel);
    }

    private void assertGarbled(ParcelHeader header, int tensorBytes, String reason) {
        assertThat(reason(frameOf(header.toByteArray(), new byte[tensorBytes]))).contains(reason);
    }

    private String reason(byte[] frame) {
        return ((Garbled) codec.decodeFromWire(0, Buffer.buffer(frame))).reason();
    }

    private Buffer wire(Parcel parcel, int offset) {
        Buffer buffer = Buffer.buffer(new byte[offset]);
        codec.encodeToWire(buffer, parcel);
        return buffer;
    }

    private static byte[] mutate(byte[] sound, Random random) {
        byte[] mutated = Arrays.copyOf(sound, random.nextInt(8) == 0 ? random.nextInt(sound.length + 9) : sound.length);
        for (int flips = random.nextInt(4); flips > 0 && mutated.length > 0; flips--) {
            mutated[random.nextInt(mutated.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return mutated;
    }

    private static Parcel parcel() {
        Task task = Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId("job").setSample(1).setAttempt(2))
                .setModel("tiny")
                .build();
        return Parcel.of(
                Offer.newBuilder().setTask(task).build(),
                List.of(
                        Tensor.ofFloats("latent", new float[] {1, -2, 0.5f, 1e-8f, 3, 4}, 1, 2, 3),
                        Tensor.ofBytes("tokens", new byte[] {1, 2, 3}),
                        new Tensor("empty", DType.INT64, new long[] {0, 4}, ByteBuffer.allocate(0))));
    }

    private static ParcelHeader header(TensorSpec... specs) {
        return ParcelHeader.newBuilder()
                .setCancel(Cancel.newBuilder().setJobId("job"))
                .addAllTensors(List.of(specs))
                .build();
    }

    private static TensorSpec spec(long side, long byteLength, int crc) {
        return TensorSpec.newBuilder()
                .setName("t")
                .setDtype(DType.UINT8)
                .addShape(side)
                .setByteLength(byteLength)
                .setCrc32C(crc)
                .build();
    }

    private static byte[] frameOf(byte[] head, byte[] tensors) {
        CRC32C crc = new CRC32C();
        crc.update(head);
        return ByteBuffer.allocate(ParcelFormat.PREFIX_BYTES + head.length + tensors.length)
                .putInt(ParcelFormat.MAGIC)
                .putShort(ParcelFormat.VERSION)
                .putInt(head.length)
                .putInt((int) crc.getValue())
                .put(head)
                .put(tensors)
                .array();
    }
}
