package dev.weir.runtime.cluster;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.ExtendedMapEntry;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Writes an entry if it has the expected value, with a time to live, or removes it. It is one asynchronous operation; Hazelcast's own
 * calls block a thread and need two. It runs on the partition's thread of the member that holds the entry and of the
 * members with copies. It is serialized as its fields, so no class name is on the wire.
 */
final class CompareAndSet implements EntryProcessor<String, byte[], byte[]>, IdentifiedDataSerializable {

    static final int CLASS = 2;
    private static final long serialVersionUID = 1L;
    private static final byte[] NOTHING = {};

    private byte[] expected;
    private byte[] value;
    private long lifeMs;
    private boolean isCopy;
    private boolean written;

    CompareAndSet() {}

    /** @param expected null: there must be no entry */
    CompareAndSet(byte[] expected, byte[] value, long lifeMs) {
        this.expected = expected;
        this.value = value;
        this.lifeMs = lifeMs;
    }

    /** Removes the entry instead of writing it. */
    static CompareAndSet removing(byte[] expected) {
        return new CompareAndSet(expected, null, 0);
    }

    /** @return null if it was written, or is as it would be; otherwise the existing value; empty if there is no entry */
    @Override
    public byte[] process(Map.Entry<String, byte[]> entry) {
        byte[] there = entry.getValue();
        written = isCopy || Arrays.equals(there, expected);
        if (written && value == null) {
            entry.setValue(null);
        } else if (written) {
            ((ExtendedMapEntry<String, byte[]>) entry).setValue(value, lifeMs, TimeUnit.MILLISECONDS);
        }
        // A retried write whose first answer was lost finds its own value.
        return written || Arrays.equals(there, value) ? null : there == null ? NOTHING : there;
    }

    /** Called after the entry was processed: copies are overwritten, whatever they held. */
    @Override
    public EntryProcessor<String, byte[], byte[]> getBackupProcessor() {
        if (!written) {
            return null;
        }
        CompareAndSet copy = new CompareAndSet(null, value, lifeMs);
        copy.isCopy = true;
        return copy;
    }

    @Override
    public int getFactoryId() {
        return NewerRecordPolicy.FACTORY;
    }

    @Override
    public int getClassId() {
        return CLASS;
    }

    @Override
    public void writeData(ObjectDataOutput out) throws IOException {
        out.writeByteArray(expected);
        out.writeByteArray(value);
        out.writeLong(lifeMs);
        out.writeBoolean(isCopy);
    }

    @Override
    public void readData(ObjectDataInput in) throws IOException {
        expected = in.readByteArray();
        value = in.readByteArray();
        lifeMs = in.readLong();
        isCopy = in.readBoolean();
    }
}
