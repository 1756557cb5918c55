package dev.weir.runtime.bus;

import dev.weir.proto.Parcel;
import dev.weir.proto.v1.OfferReply;
import java.util.function.Consumer;

/** A parcel that came in, whole, and the way to answer it, which does nothing where nobody waits for an answer. */
public record Delivery(Parcel parcel, Consumer<OfferReply> reply) {}
