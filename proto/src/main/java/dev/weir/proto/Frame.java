package dev.weir.proto;

/** What came off the wire: a parcel, or bytes that are none. */
public sealed interface Frame permits Parcel, Garbled {}
