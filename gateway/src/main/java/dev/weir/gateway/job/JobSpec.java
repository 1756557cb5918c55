package dev.weir.gateway.job;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.StageKind;
import java.util.List;

/**
 * What a job is to make, checked against its model, with every default filled in.
 *
 * @param route the stages in order
 * @param generation for the first sample; sample {@code i} has the seed {@code seed + i}
 * @param samples how many pictures
 * @param user who asks, as the client says; empty when it does not
 */
public record JobSpec(
        String model, List<StageKind> route, Generation generation, int samples, Preview preview, String user) {

    public JobSpec {
        route = List.copyOf(route);
    }

    public long seed(int sample) {
        return generation.getSeed() + sample;
    }

    /** Steps of all stages of the route that have steps. */
    public int totalSteps() {
        return generation.getSteps() + generation.getUpsamplerSteps();
    }

    public JobSpec withPreview(Preview wanted) {
        return new JobSpec(model, route, generation, samples, wanted, user);
    }
}
