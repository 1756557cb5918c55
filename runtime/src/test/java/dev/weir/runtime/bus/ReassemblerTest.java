package dev.weir.runtime.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.Frame;
import dev.weir.proto.Garbled;
import dev.weir.proto.Parcel;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.Chunk;
import dev.weir.proto.v1.ParcelHeader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ReassemblerTest {

    private static final int MIB = 1 << 20;

    private final AtomicLong now = new AtomicLong();
    private final Reassembler reassembler = new Reassembler(8 * MIB, 1000, now::get);

    @Test
    void piecesInAnyOrderMakeTheParcel() {
        byte[] picture = new byte[3 * MIB + 17];
        new Random(3).nextBytes(picture);
        List<Parcel> pieces = new ArrayList<>(Pieces.of(parcel(picture), "t"));
        Collections.shuffle(pieces, new Random(5));

        List<Optional<Frame>> results =
                pieces.stream().map(this::accept).filter(Optional::isPresent).toList();

        assertThat(pieces).hasSize(4);
        assertThat(results).hasSize(1);
        Parcel whole = (Parcel) results.get(0).orElseThrow();
        assertThat(whole.tensor("image").orElseThrow().toBytes()).isEqualTo(picture);
        assertThat(reassembler.reservedBytes()).isZero();
    }

    @Test
    void transfersThatMixStayApart() {
        List<Parcel> one = Pieces.of(parcel(new byte[2 * MIB]), "one");
        List<Parcel> other = Pieces.of(parcel(new byte[2 * MIB]), "other");

        assertThat(accept(one.get(0))).isEmpty();
        assertThat(accept(other.get(0))).isEmpty();
        assertThat(accept(one.get(1))).isEmpty();
        assertThat(accept(other.get(1))).isEmpty();
        assertThat(accept(one.get(2))).containsInstanceOf(Parcel.class);
        assertThat(accept(other.get(2))).containsInstanceOf(Parcel.class);
    }

    @Test
    void noMoreIsTakenThanTheBound() {
        for (String id : List.of("a", "b")) {
            assertThat(accept(Pieces.of(parcel(new byte[3 * MIB]), id).get(0))).isEmpty();
        }

        assertThat(reason(Pieces.of(parcel(new byte[3 * MIB]), "c").get(0))).contains("no room");
        assertThat(reassembler.reservedBytes()).isLessThan(8 * MIB);
        assertThat(reason(piece(1, 0, 100 * MIB, 100, MIB))).contains("at most");
    }

    @Test
    void whatIsNeverCompletedIsForgottenInTime() {
        accept(Pieces.of(parcel(new byte[3 * MIB]), "a").get(0));
        now.set(1000);
        assertThat(reassembler.sweep()).isZero();
        now.set(1001);

        assertThat(reassembler.sweep()).isEqualTo(1);
        assertThat(reassembler.reservedBytes()).isZero();
    }

    @Test
    void piecesThatDoNotFitAreGarbledAndTheirTransferIsForgotten() {
        Parcel sound = piece(1, 0, 2 * MIB, 2, MIB);
        accept(sound);
        assertThat(reason(piece(1, 1, 2 * MIB - 1, 2, MIB - 1))).contains("different sizes");
        assertThat(reassembler.reservedBytes()).isZero();

        accept(sound);
        assertThat(reason(piece(1, 1, 2 * MIB, 2, 5))).contains("piece 1 bears other bytes");
        assertThat(reassembler.reservedBytes()).isZero();
        assertThat(reason(piece(1, 2, 2 * MIB, 2, MIB))).contains("piece 2 of 2");
        assertThat(reason(piece(1, -1, 2 * MIB, 2, MIB))).contains("piece -1 of 2");
        assertThat(reason(piece(1, 0, 2 * MIB, 9, MIB))).contains("9 pieces");
        assertThat(reason(piece(1, 0, -1, 1, MIB))).contains("-1 bytes");
    }

    @Test
    void aWholeThatIsNoParcelIsGarbled() {
        assertThat(reason(piece(1, 0, 20, 1, 20))).contains("magic");
    }

    private Optional<Frame> accept(Parcel piece) {
        return reassembler.accept(piece.header().getChunk(), piece.tensor("piece"));
    }

    private String reason(Parcel piece) {
        return ((Garbled) accept(piece).orElseThrow()).reason();
    }

    private static Parcel parcel(byte[] picture) {
        return new Parcel(
                Parcel.of(Cancel.newBuilder().setJobId("job").build()).header(),
                List.of(Tensor.ofBytes("image", picture)));
    }

    private static Parcel piece(int transfer, int index, long totalBytes, int count, int length) {
        Chunk chunk = Chunk.newBuilder()
                .setTransferId("t" + transfer)
                .setIndex(index)
                .setCount(count)
                .setTotalBytes(totalBytes)
                .build();
        return new Parcel(
                ParcelHeader.newBuilder().setChunk(chunk).build(), List.of(Tensor.ofBytes("piece", new byte[length])));
    }
}
