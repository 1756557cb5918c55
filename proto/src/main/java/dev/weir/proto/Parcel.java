package dev.weir.proto;

import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.GatewayStatus;
import dev.weir.proto.v1.JobTold;
import dev.weir.proto.v1.JobWatch;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Offer;
import dev.weir.proto.v1.OfferReply;
import dev.weir.proto.v1.ParcelHeader;
import java.util.List;
import java.util.Optional;

/** One message between nodes: a header and its tensors. Immutable. */
public record Parcel(ParcelHeader header, List<Tensor> tensors) implements Frame {

    public Parcel {
        tensors = List.copyOf(tensors);
    }

    public static Parcel of(Offer offer, List<Tensor> tensors) {
        return new Parcel(ParcelHeader.newBuilder().setOffer(offer).build(), tensors);
    }

    public static Parcel of(OfferReply reply) {
        return new Parcel(ParcelHeader.newBuilder().setOfferReply(reply).build(), List.of());
    }

    public static Parcel of(Event event, List<Tensor> tensors) {
        return new Parcel(ParcelHeader.newBuilder().setEvent(event).build(), tensors);
    }

    public static Parcel of(NodeStatus status) {
        return new Parcel(ParcelHeader.newBuilder().setStatus(status).build(), List.of());
    }

    public static Parcel of(Cancel cancel) {
        return new Parcel(ParcelHeader.newBuilder().setCancel(cancel).build(), List.of());
    }

    public static Parcel of(GatewayStatus status) {
        return new Parcel(ParcelHeader.newBuilder().setGateway(status).build(), List.of());
    }

    public static Parcel of(JobWatch watch) {
        return new Parcel(ParcelHeader.newBuilder().setWatch(watch).build(), List.of());
    }

    public static Parcel of(JobTold told, List<Tensor> tensors) {
        return new Parcel(ParcelHeader.newBuilder().setTold(told).build(), tensors);
    }

    public Optional<Tensor> tensor(String name) {
        return tensors.stream().filter(t -> t.name().equals(name)).findFirst();
    }
}
