package dev.weir.runtime.bus;

import static dev.weir.runtime.Futures.failure;
import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.Parcel;
import dev.weir.proto.ParcelFormat;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.Chunk;
import dev.weir.proto.v1.DType;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.Offer;
import dev.weir.proto.v1.OfferReply;
import dev.weir.proto.v1.OfferReply.Verdict;
import dev.weir.proto.v1.ParcelHeader;
import dev.weir.proto.v1.Task;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What couriers promise, whether the receiver is in the same process or not. */
abstract class CourierContract {

    /** The id of the receiving node. */
    static final String RECEIVING = "receiving";

    private static final int MIB = 1 << 20;

    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final String address = "weir.test." + RECEIVING + "-" + UUID.randomUUID();
    private final List<Parcel> heard = new CopyOnWriteArrayList<>();
    private volatile Verdict verdict = Verdict.ACCEPTED;
    private Courier sender;
    private Courier receiver;
    /** By {@link #answer}. */
    private int offers;

    abstract Vertx sending();

    abstract Vertx receiving();

    @BeforeEach
    void listen() throws Exception {
        sender = Courier.of(sending(), new SimpleMeterRegistry());
        receiver = Courier.of(receiving(), metrics);
        get(receiver.listen(address, delivery -> {
            heard.add(delivery.parcel());
            delivery.reply().accept(OfferReply.newBuilder().setVerdict(verdict).build());
        }));
    }

    @Test
    void aParcelArrivesAsItWasSent() throws Exception {
        Parcel parcel = Parcel.of(
                Event.newBuilder().setSeq(7).setNode("n").build(),
                List.of(
                        Tensor.ofFloats("latent", new float[] {1, -2, 3.5f}, 1, 3),
                        new Tensor("none", DType.INT64, new long[] {0}, ByteBuffer.allocate(0))));

        get(sender.tell(address, parcel));

        Parcel received = awaitParcels(1).get(0);
        assertThat(received.header()).isEqualTo(parcel.header());
        assertThat(received.tensor("latent").orElseThrow().toFloats()).containsExactly(1, -2, 3.5f);
        assertThat(received.tensor("latent").orElseThrow().shape()).containsExactly(1, 3);
        assertThat(received.tensor("none").orElseThrow().byteLength()).isZero();
    }

    @Test
    void anOfferIsAnswered() throws Exception {
        verdict = Verdict.BUSY;

        assertThat(answer(offer(10)).getVerdict()).isEqualTo(Verdict.BUSY);
    }

    @Test
    void aLargeOfferArrivesWholeAndIsAnsweredOnce() throws Exception {
        Parcel parcel = offer(5 * MIB + 1);

        OfferReply reply = answer(parcel);

        assertThat(reply.getVerdict()).isEqualTo(Verdict.ACCEPTED);
        assertThat(awaitParcels(offers)).allSatisfy(received -> assertThat(
                        received.tensor("image").orElseThrow().bytes())
                .isEqualTo(parcel.tensor("image").orElseThrow().bytes()));
    }

    @Test
    void parcelsArriveInTheOrderInWhichTheyWereSent() {
        for (int seq = 0; seq < 200; seq++) {
            sender.tell(address, Parcel.of(Event.newBuilder().setSeq(seq).build(), List.of()));
        }

        assertThat(awaitParcels(200))
                .extracting(parcel -> parcel.header().getEvent().getSeq())
                .isSorted();
    }

    @Test
    void nobodyThereIsSaidAtOnce() throws Exception {
        Throwable problem = failure(sender.offer("weir.test.nobody", offer(10)));

        assertThat(((ReplyException) problem).failureType()).isEqualTo(ReplyFailure.NO_HANDLERS);
    }

    @Test
    void whatNoReceiverWouldTakeFailsAtTheSender() throws Exception {
        Parcel parcel = Parcel.of(Cancel.newBuilder()
                .setJobId("x".repeat(ParcelFormat.MAX_HEADER_BYTES))
                .build());

        assertThat(failure(sender.tell(address, parcel))).hasMessageContaining("too large for a parcel");
        assertThat(failure(sender.offer(address, offer(65 * MIB)))).hasMessageContaining("at most 67108864 bytes");
    }

    @Test
    void garbledPiecesAreCountedDroppedAndAnsweredWithBusy() throws Exception {
        Chunk chunk = Chunk.newBuilder()
                .setTransferId("t")
                .setCount(1)
                .setTotalBytes(4)
                .build();
        Parcel nonsense = new Parcel(
                ParcelHeader.newBuilder().setChunk(chunk).build(), List.of(Tensor.ofBytes("piece", new byte[4])));

        OfferReply reply = answer(nonsense);

        assertThat(reply.getVerdict()).isEqualTo(Verdict.BUSY);
        assertThat(reply.getDetail()).contains("could not be read");
        await().until(() -> metrics.get("weir.bus.garbled").counter().count() == offers);
        assertThat(heard).isEmpty();
    }

    @Test
    void messagesOfAnotherKindAreDroppedAndTheInboxGoesOn() throws Exception {
        sending().eventBus().send(address, "not a parcel", new DeliveryOptions());
        get(sender.tell(address, offer(1)));

        awaitParcels(1);
        assertThat(metrics.get("weir.bus.garbled").counter().count()).isEqualTo(1);
    }

    /** A busy machine may take longer than an offer waits for its answer. */
    private OfferReply answer(Parcel parcel) throws Exception {
        while (true) {
            offers++;
            Future<OfferReply> offered = sender.offer(address, parcel);
            if (!(failure(offered) instanceof ReplyException late) || late.failureType() != ReplyFailure.TIMEOUT) {
                return get(offered);
            }
        }
    }

    private List<Parcel> awaitParcels(int count) {
        await().until(() -> heard.size() >= count);
        assertThat(heard).hasSize(count);
        return heard;
    }

    private static Parcel offer(int bytes) {
        byte[] image = new byte[bytes];
        new Random(bytes).nextBytes(image);
        Offer offer =
                Offer.newBuilder().setTask(Task.newBuilder().setModel("tiny")).build();
        return Parcel.of(offer, List.of(Tensor.ofBytes("image", image)));
    }
}
