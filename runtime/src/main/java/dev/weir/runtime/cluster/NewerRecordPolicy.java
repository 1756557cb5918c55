package dev.weir.runtime.cluster;

import com.google.protobuf.InvalidProtocolBufferException;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import com.hazelcast.spi.merge.MergingValue;
import com.hazelcast.spi.merge.SplitBrainMergePolicy;
import dev.weir.proto.v1.JobRecord;
import java.util.Comparator;
import java.util.Optional;

/**
 * Decides which of two records of a job is kept when the parts of a cluster merge: that of the later owner; for the
 * same owner, the later version. Stateless. It is serialized as two numbers, so no class name is on the wire.
 */
public final class NewerRecordPolicy
        implements SplitBrainMergePolicy<byte[], MergingValue<byte[]>, Object>, IdentifiedDataSerializable {

    static final int FACTORY = 0x77656972;
    static final int CLASS = 1;
    private static final Comparator<JobRecord> AGE =
            Comparator.comparingLong(JobRecord::getEpoch).thenComparingLong(JobRecord::getVersion);

    @Override
    public Object merge(MergingValue<byte[]> merging, MergingValue<byte[]> existing) {
        if (existing == null || read(existing.getDeserializedValue()).isEmpty()) {
            return merging.getRawValue();
        }
        JobRecord there = read(existing.getDeserializedValue()).orElseThrow();
        return read(merging.getDeserializedValue())
                        .filter(record -> AGE.compare(record, there) > 0)
                        .isPresent()
                ? merging.getRawValue()
                : existing.getRawValue();
    }

    private static Optional<JobRecord> read(byte[] record) {
        try {
            return Optional.of(JobRecord.parseFrom(record));
        } catch (InvalidProtocolBufferException e) {
            return Optional.empty();
        }
    }

    @Override
    public int getFactoryId() {
        return FACTORY;
    }

    @Override
    public int getClassId() {
        return CLASS;
    }

    @Override
    public void writeData(ObjectDataOutput out) {}

    @Override
    public void readData(ObjectDataInput in) {}
}
