package dev.weir.runtime.stage;

import dev.weir.proto.v1.SampleRef;

/** One image of one job, independent of the attempt. */
public record SampleKey(String jobId, int sample) {

    public static SampleKey of(SampleRef ref) {
        return new SampleKey(ref.getJobId(), ref.getSample());
    }

    @Override
    public String toString() {
        return jobId + "/" + sample;
    }
}
