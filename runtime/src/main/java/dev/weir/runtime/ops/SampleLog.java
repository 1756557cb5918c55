package dev.weir.runtime.ops;

import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.trace.Tracing;
import java.util.Map;
import org.slf4j.MDC;

/** Adds the sample to log lines, as separate fields if logs are JSON. Any thread. It does not change other fields. */
public final class SampleLog {

    private SampleLog() {}

    /**
     * @param traceparent of the sample; empty if it is not traced
     * @param stage unspecified if no stage has the sample
     * @param logging writes the lines, on this thread
     */
    public static void about(SampleRef ref, StageKind stage, String traceparent, Runnable logging) {
        Map<String, String> fields = Map.of(
                "job", ref.getJobId(),
                "sample", Integer.toString(ref.getSample()),
                "attempt", Integer.toString(ref.getAttempt()),
                "stage", stage == StageKind.STAGE_KIND_UNSPECIFIED ? "" : Addresses.name(stage),
                "trace", Tracing.traceId(traceparent));
        fields.forEach(MDC::put);
        try {
            logging.run();
        } finally {
            fields.keySet().forEach(MDC::remove);
        }
    }
}
