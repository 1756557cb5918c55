package dev.weir.gateway.job;

import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.SampleInFlight;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.StageWork;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a sample in flight still needs of the stages, whichever gateway owns it. Immutable.
 *
 * @param begun whether a stage with steps has begun with it
 * @param work left to do, in the order of the stages
 * @param area of its images, divided by that of the model's native size
 */
public record Demand(
        String model, Priority priority, String user, long createdMs, boolean begun, List<Work> work, double area) {

    /** @param rows network rows of each forward pass */
    record Work(StageKind stage, int forwards, int rows) {}

    private static final double GUIDED = 1;

    public Demand {
        work = List.copyOf(work);
    }

    /** @param card of the job's model; empty where no node tells it any more */
    static Demand of(Job job, Sample sample, Optional<ModelCard> card) {
        JobSpec spec = job.spec();
        int rows = spec.generation().getGuidanceScale() > GUIDED ? 2 : 1;
        List<Work> work = new ArrayList<>();
        int done = sample.step();
        for (StageKind stage : spec.route()) {
            int steps = spec.steps(stage);
            if (steps > 0) {
                if (done < steps) {
                    work.add(new Work(stage, steps - done, rows));
                }
                done = Math.max(0, done - steps);
            } else if (stage != StageKind.TEXT_ENCODER || !sample.started()) {
                work.add(new Work(stage, 1, 1));
            }
        }
        return new Demand(
                spec.model(), spec.priority(), spec.user(), job.createdMs(), sample.started(), work, area(spec, card));
    }

    private static double area(JobSpec spec, Optional<ModelCard> card) {
        int factor = spec.route().contains(StageKind.UPSAMPLER)
                ? card.map(ModelCard::getUpsampleFactor).orElse(1)
                : 1;
        double side = Math.max(1, card.map(ModelCard::getNativeSize).orElse(0)) * (double) factor;
        double area = spec.generation().getWidth() * (double) spec.generation().getHeight();
        return card.isEmpty() ? 1 : area / (side * side);
    }

    /** What is left to do at a stage; empty where that is nothing. */
    Optional<Work> at(StageKind stage) {
        return work.stream().filter(left -> left.stage == stage).findFirst();
    }

    public SampleInFlight toProto() {
        SampleInFlight.Builder sample = SampleInFlight.newBuilder()
                .setModel(model)
                .setPriority(priority)
                .setUser(user)
                .setCreatedMs(createdMs)
                .setBegun(begun)
                .setArea(area);
        work.forEach(left -> sample.addWork(StageWork.newBuilder()
                .setStage(left.stage)
                .setForwards(left.forwards)
                .setRows(left.rows)));
        return sample.build();
    }

    public static Demand of(SampleInFlight sample) {
        List<Work> work = sample.getWorkList().stream()
                .map(left -> new Work(left.getStage(), left.getForwards(), Math.max(1, left.getRows())))
                .toList();
        return new Demand(
                sample.getModel(),
                sample.getPriority(),
                sample.getUser(),
                sample.getCreatedMs(),
                sample.getBegun(),
                work,
                sample.getArea());
    }
}
