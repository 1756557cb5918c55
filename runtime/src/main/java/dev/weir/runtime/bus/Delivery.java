package dev.weir.runtime.bus;

import dev.weir.proto.Parcel;
import dev.weir.proto.v1.OfferReply;
import java.util.function.Consumer;

/** A complete received parcel, and the way to answer it. An answer does nothing if the sender does not wait for one. */
public record Delivery(Parcel parcel, Consumer<OfferReply> reply) {}
