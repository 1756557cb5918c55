package dev.weir.gateway.job;

import dev.weir.proto.v1.CallRange;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Sampling;
import dev.weir.proto.v1.Stage;
import java.util.Optional;

/** Which network calls of a stage guidance takes part in. Only the stage knows it to the call. Stateless. */
final class GuidedCalls {

    private GuidedCalls() {}

    /** Empty: in all, as in stages that have a scale of their own. */
    static Optional<CallRange> of(Generation generation, Sampling sampling, int forwards) {
        double end = generation.hasGuidanceEnd() ? generation.getGuidanceEnd() : 1;
        if (generation.getGuidanceStart() <= 0 && end >= 1 || sampling.hasGuidanceScale()) {
            return Optional.empty();
        }
        return Optional.of(CallRange.newBuilder()
                .setStart(call(generation.getGuidanceStart(), sampling, forwards))
                .setEnd(call(end, sampling, forwards))
                .build());
    }

    /** Stages that share a schedule have a part of it each. */
    private static int call(double share, Sampling sampling, int forwards) {
        double end = sampling.getEnd() > 0 ? sampling.getEnd() : 1;
        double here = (share - sampling.getStart()) / (end - sampling.getStart());
        return (int) (Math.max(0, Math.min(1, here)) * forwards);
    }

    /** How many of a stage's calls have guidance, from one on. */
    static int left(Stage stage, int done) {
        return stage.hasGuided()
                ? Math.max(
                        0,
                        stage.getGuided().getEnd()
                                - Math.max(done, stage.getGuided().getStart()))
                : stage.getForwards() - done;
    }
}
