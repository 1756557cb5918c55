package dev.weir.gateway.ledger;

import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.JobSpec.Terms;
import dev.weir.gateway.job.OnDisconnect;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.Priority;
import java.util.List;

/** Jobs without a route, which a test of the ledger never sends to a stage. */
final class Specs {

    private Specs() {}

    static JobSpec of(int samples) {
        return new JobSpec(
                "tiny",
                List.of(),
                Generation.getDefaultInstance(),
                samples,
                Preview.getDefaultInstance(),
                List.of(),
                new Terms("", Priority.STANDARD, OnDisconnect.FINISH));
    }
}
