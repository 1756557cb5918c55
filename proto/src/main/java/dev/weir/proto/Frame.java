package dev.weir.proto;

/** The result of decoding a bus message: a parcel, or an invalid message. */
public sealed interface Frame permits Parcel, Garbled {}
