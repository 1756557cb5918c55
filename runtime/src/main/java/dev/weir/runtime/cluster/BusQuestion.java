package dev.weir.runtime.cluster;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.util.concurrent.Callable;

/** Asks the member on which it runs where its bus is reached. Null while its bus is not open. */
final class BusQuestion implements Callable<String>, HazelcastInstanceAware, IdentifiedDataSerializable {

    static final int CLASS = 3;

    private HazelcastInstance hazelcast;

    @Override
    public void setHazelcastInstance(HazelcastInstance instance) {
        hazelcast = instance;
    }

    @Override
    public String call() {
        return (String) hazelcast.getUserContext().get(BusEndpoints.NAME);
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
    public void writeData(ObjectDataOutput out) {}

    @Override
    public void readData(ObjectDataInput in) {}
}
