package dev.weir.proto;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.weir.proto.v1.ParcelHeader;
import dev.weir.proto.v1.ParcelHeader.BodyCase;
import dev.weir.proto.v1.TensorSpec;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * The bytes of a parcel: {@code "WEIR"}, schema version (2 bytes), header length (4), CRC32C of the header (4), the
 * header as Protobuf, then the bytes of each tensor in the order of the header's specs. Prefix integers are big-endian,
 * tensors little-endian. Stateless; any thread.
 */
public final class ParcelFormat {

    /** The maximum number of tensor bytes in one bus message. Larger parcels are sent in pieces of this size. */
    public static final int MAX_TENSOR_BYTES = 1 << 20;

    /** The largest headers are those of statuses with the cards of many models. */
    public static final int MAX_HEADER_BYTES = 2 << 20;

    /** Enough for the texts of two prompts that change by step, with two tensors each, and the request's files. */
    static final int MAX_TENSORS = 192;

    static final int MAX_RANK = 8;
    static final int MAX_NAME_CHARS = 256;

    /** Leaves room in the header for the specs of the tensors. */
    static final int MAX_BODY_BYTES = MAX_HEADER_BYTES - MAX_TENSORS * (3 * MAX_NAME_CHARS + 128);

    static final int MAGIC = 0x57454952;
    static final short VERSION = 1;
    static final int PREFIX_BYTES = 14;

    /** The size of the largest message on the bus. */
    public static final int MAX_MESSAGE_BYTES = PREFIX_BYTES + MAX_HEADER_BYTES + MAX_TENSOR_BYTES;

    private ParcelFormat() {}

    /** Throws IllegalArgumentException if the header or the number of tensors exceeds its limit. */
    public static byte[] encode(Parcel parcel) {
        ParcelHeader.Builder header = parcel.header().toBuilder().clearTensors();
        checkHeader(parcel);
        for (Tensor tensor : parcel.tensors()) {
            header.addTensors(specOf(tensor));
        }
        byte[] head = header.build().toByteArray();
        ByteBuffer out = ByteBuffer.allocate(Math.toIntExact((long) PREFIX_BYTES + head.length + tensorBytes(parcel)));
        out.putInt(MAGIC).putShort(VERSION).putInt(head.length).putInt(crc(ByteBuffer.wrap(head)));
        out.put(head);
        parcel.tensors().forEach(tensor -> out.put(tensor.bytes()));
        return out.array();
    }

    /**
     * Throws IllegalArgumentException if the header, the number of tensors or one of their shapes exceeds its limit.
     */
    public static void checkHeader(Parcel parcel) {
        refuse(
                parcel.tensors().size() > MAX_TENSORS,
                "%d tensors",
                parcel.tensors().size());
        for (Tensor tensor : parcel.tensors()) {
            refuse(
                    tensor.name().length() > MAX_NAME_CHARS || tensor.rank() > MAX_RANK,
                    "a tensor named %s of %d dimensions",
                    tensor.name(),
                    tensor.rank());
        }
        refuse(
                parcel.header().getSerializedSize() > MAX_BODY_BYTES,
                "a message of %d bytes beside its tensors",
                parcel.header().getSerializedSize());
    }

    public static long tensorBytes(Parcel parcel) {
        return parcel.tensors().stream().mapToLong(Tensor::byteLength).sum();
    }

    /** Reads a whole parcel, whose tensors share the array. Never throws. */
    public static Frame decode(byte[] bytes) {
        try {
            return parse(ByteBuffer.wrap(bytes));
        } catch (InvalidProtocolBufferException | RuntimeException e) {
            return new Garbled(e.getMessage() == null ? e.toString() : e.getMessage());
        }
    }

    private static Frame parse(ByteBuffer in) throws InvalidProtocolBufferException {
        if (in.remaining() < PREFIX_BYTES) {
            return new Garbled("%d bytes are too few for a parcel".formatted(in.remaining()));
        }
        int magic = in.getInt();
        short version = in.getShort();
        int headerLength = in.getInt();
        int headerCrc = in.getInt();
        if (magic != MAGIC) {
            return new Garbled("the magic number is %08x".formatted(magic));
        }
        if (version != VERSION) {
            return new Garbled("schema version %d; this node reads version %d".formatted(version, VERSION));
        }
        if (headerLength < 0 || headerLength > MAX_HEADER_BYTES || headerLength > in.remaining()) {
            return new Garbled("a header of %d bytes, where %d follow".formatted(headerLength, in.remaining()));
        }
        ByteBuffer head = in.slice(in.position(), headerLength);
        if (crc(head.duplicate()) != headerCrc) {
            return new Garbled("the header's checksum does not match");
        }
        ParcelHeader header = HeaderReader.read(head);
        if (header.getBodyCase() == BodyCase.BODY_NOT_SET) {
            return new Garbled("the header has no body that this node knows");
        }
        in.position(in.position() + headerLength);
        List<Tensor> tensors = tensors(header.getTensorsList(), in);
        return new Parcel(header.toBuilder().clearTensors().build(), tensors);
    }

    private static List<Tensor> tensors(List<TensorSpec> specs, ByteBuffer in) {
        check(specs.size() <= MAX_TENSORS, "%d tensors, at most %d are allowed", specs.size(), MAX_TENSORS);
        List<Tensor> tensors = new ArrayList<>(specs.size());
        Set<String> names = new HashSet<>();
        for (TensorSpec spec : specs) {
            check(names.add(spec.getName()), "two tensors are named %s", spec.getName());
            check(
                    spec.getShapeCount() <= MAX_RANK,
                    "tensor %s has %d dimensions",
                    spec.getName(),
                    spec.getShapeCount());
            long[] shape =
                    spec.getShapeList().stream().mapToLong(Long::longValue).toArray();
            long length = Tensor.byteLength(spec.getDtype(), shape);
            check(
                    length == spec.getByteLength() && length <= in.remaining(),
                    "tensor %s of shape %s announces %d bytes, where %d follow",
                    spec.getName(),
                    Arrays.toString(shape),
                    spec.getByteLength(),
                    in.remaining());
            ByteBuffer bytes = in.slice(in.position(), (int) length);
            check(crc(bytes.duplicate()) == spec.getCrc32C(), "tensor %s: its checksum does not match", spec.getName());
            in.position(in.position() + (int) length);
            tensors.add(new Tensor(spec.getName(), spec.getDtype(), shape, bytes));
        }
        check(!in.hasRemaining(), "%d bytes follow the last tensor", in.remaining());
        return tensors;
    }

    private static TensorSpec specOf(Tensor tensor) {
        TensorSpec.Builder spec = TensorSpec.newBuilder()
                .setName(tensor.name())
                .setDtype(tensor.dtype())
                .setByteLength(tensor.byteLength())
                .setCrc32C(crc(tensor.bytes()));
        for (long side : tensor.shape()) {
            spec.addShape(side);
        }
        return spec.build();
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    private static void refuse(boolean tooLarge, String what, Object... values) {
        if (tooLarge) {
            throw new IllegalArgumentException("too large for a parcel: " + what.formatted(values));
        }
    }

    private static void check(boolean sound, String message, Object... values) {
        if (!sound) {
            throw new IllegalArgumentException(message.formatted(values));
        }
    }
}
