package dev.weir.proto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import dev.weir.proto.v1.ForwardPace;
import dev.weir.proto.v1.Holding;
import dev.weir.proto.v1.Holdings;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.ParcelHeader;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.StageKind;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class HeaderReaderTest {

    private static final UnknownFieldSet OF_A_LATER_VERSION = UnknownFieldSet.newBuilder()
            .addField(900, UnknownFieldSet.Field.newBuilder().addVarint(7).build())
            .build();

    @Test
    void aStatusIsReadAsItWasSent() throws Exception {
        assertThat(read(header(status(3)))).isEqualTo(header(status(3)));
        assertThat(read(header(status(3).clearModels())))
                .isEqualTo(header(status(3).clearModels()));
        assertThat(read(header(NodeStatus.newBuilder()))).isEqualTo(header(NodeStatus.newBuilder()));
    }

    @Test
    void fieldsOfALaterVersionAreKept() throws Exception {
        ParcelHeader sent = header(status(3).setUnknownFields(OF_A_LATER_VERSION)).toBuilder()
                .setUnknownFields(OF_A_LATER_VERSION)
                .build();

        assertThat(read(sent)).isEqualTo(sent);
    }

    @Test
    void modelsThatDidNotChangeAreTheSameObject() throws Exception {
        NodeStatus once = read(header(status(3))).getStatus();
        NodeStatus again = read(header(status(4))).getStatus();

        assertThat(again.getSequence()).isEqualTo(4);
        assertThat(again.getModels(0)).isSameAs(once.getModels(0));
        assertThat(again.getModels(1)).isSameAs(once.getModels(1)).isNotEqualTo(again.getModels(0));

        NodeStatus changed = read(header(status(5).setModels(0, model("apple").setProblem("lost"))))
                .getStatus();

        assertThat(changed.getModels(0).getProblem()).isEqualTo("lost");
        assertThat(changed.getModels(1)).isSameAs(once.getModels(1));
    }

    /** What Protobuf alone reads or refuses is read alike or refused. */
    @Test
    void changedBytesAreReadAsByProtobufAlone() {
        byte[] sound = header(status(3)).toByteArray();
        Random random = new Random(11);
        for (int i = 0; i < 50_000; i++) {
            byte[] mutated = sound.clone();
            for (int n = random.nextInt(3); n >= 0; n--) {
                mutated[random.nextInt(mutated.length)] = (byte) random.nextInt(256);
            }
            ParcelHeader expected;
            try {
                expected = ParcelHeader.parseFrom(mutated);
            } catch (InvalidProtocolBufferException refused) {
                assertThatThrownBy(() -> HeaderReader.read(ByteBuffer.wrap(mutated)))
                        .isInstanceOf(InvalidProtocolBufferException.class);
                continue;
            }
            try {
                assertThat(HeaderReader.read(ByteBuffer.wrap(mutated))).isEqualTo(expected);
            } catch (InvalidProtocolBufferException e) {
                throw new AssertionError("mutation " + i + " was refused", e);
            }
        }
    }

    private static ParcelHeader read(ParcelHeader header) throws InvalidProtocolBufferException {
        return HeaderReader.read(ByteBuffer.wrap(header.toByteArray()));
    }

    private static ParcelHeader header(NodeStatus.Builder status) {
        return ParcelHeader.newBuilder().setStatus(status).build();
    }

    private static NodeStatus.Builder status(long sequence) {
        return NodeStatus.newBuilder()
                .setNodeId("n")
                .setAddress("weir.denoiser.n")
                .setStage(StageKind.DENOISER)
                .addAllModels(List.of(model("apple").build(), model("pear").build()))
                .setSequence(sequence)
                .setBacklogSeconds(1.5)
                .putPace("apple", ForwardPace.newBuilder().setSeconds(0.25).build())
                .setHoldings(Holdings.newBuilder()
                        .addSamples(Holding.newBuilder()
                                .setRef(SampleRef.newBuilder().setJobId("j"))));
    }

    private static ModelStatus.Builder model(String id) {
        return ModelStatus.newBuilder()
                .setId(id)
                .setCard(ModelCard.newBuilder().setId(id))
                .putFingerprints("unet", "f");
    }
}
