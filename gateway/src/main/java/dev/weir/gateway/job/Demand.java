package dev.weir.gateway.job;

import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.SampleInFlight;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.StageWork;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * What a sample in flight still needs of the stages, whichever gateway owns it. Immutable.
 *
 * @param begun whether a stage with steps has begun with it
 * @param work left to do, in the order of the stages
 */
public record Demand(String model, Priority priority, String user, long createdMs, boolean begun, List<Work> work) {

    /**
     * @param stage its name
     * @param rows network rows of a forward pass with guidance, and of each where there is none
     * @param guided forward passes with so many rows; the others have one
     * @param area of the stage's picture, divided by the area for which nodes state the model's pace
     */
    record Work(String stage, Phase phase, int forwards, int rows, int guided, double area) {

        Work(String stage, Phase phase, int forwards, int rows, double area) {
            this(stage, phase, forwards, rows, forwards, area);
        }

        /** Rows of a forward pass, on average. */
        double meanRows() {
            return forwards == 0 ? 0 : 1 + (rows - 1) * guided / (double) forwards;
        }
    }

    public Demand {
        work = List.copyOf(work);
    }

    static Demand of(Job job, Sample sample) {
        return of(job.spec(), job.createdMs(), sample.started(), sample.step());
    }

    /** All samples of a job that has not begun. */
    static List<Demand> of(JobSpec spec, long createdMs) {
        return Collections.nCopies(spec.samples(), of(spec, createdMs, false, 0));
    }

    private static Demand of(JobSpec spec, long createdMs, boolean started, int step) {
        List<Work> work = new ArrayList<>();
        int done = step;
        for (int i = 0; i < spec.route().size(); i++) {
            Stage stage = spec.route().get(i);
            Phase phase = Phase.of(spec.route(), i);
            int steps = JobSpec.steps(stage);
            if (steps > 0) {
                if (done < steps) {
                    work.add(new Work(
                            stage.getName(),
                            phase,
                            steps - done,
                            Math.max(1, stage.getRows()),
                            GuidedCalls.left(stage, done),
                            stage.getArea()));
                }
                done = Math.max(0, done - steps);
            } else if (stage.getRole() != StageRole.ENCODE || !started) {
                work.add(new Work(stage.getName(), phase, stage.getForwards(), 1, stage.getArea()));
            }
        }
        return new Demand(spec.model(), spec.terms().priority(), spec.user(), createdMs, started, work);
    }

    /** What is left to do in a phase; empty where that is nothing. */
    Optional<Work> at(Phase phase) {
        return work.stream().filter(left -> left.phase.equals(phase)).findFirst();
    }

    /** Other gateways are told the largest area only. */
    public SampleInFlight toProto() {
        SampleInFlight.Builder sample = SampleInFlight.newBuilder()
                .setModel(model)
                .setPriority(priority)
                .setUser(user)
                .setCreatedMs(createdMs)
                .setBegun(begun)
                .setArea(work.stream().mapToDouble(Work::area).max().orElse(1));
        work.forEach(left -> sample.addWork(StageWork.newBuilder()
                .setStage(left.stage)
                .setRole(left.phase.role())
                .setNth(left.phase.nth())
                .setForwards(left.forwards)
                .setRows(left.rows)
                .setGuidedForwards(left.guided)));
        return sample.build();
    }

    public static Demand of(SampleInFlight sample) {
        List<Work> work = sample.getWorkList().stream()
                .map(left -> new Work(
                        left.getStage(),
                        new Phase(left.getRole(), left.getNth()),
                        left.getForwards(),
                        Math.max(1, left.getRows()),
                        left.hasGuidedForwards() ? left.getGuidedForwards() : left.getForwards(),
                        sample.getArea()))
                .toList();
        return new Demand(
                sample.getModel(),
                sample.getPriority(),
                sample.getUser(),
                sample.getCreatedMs(),
                sample.getBegun(),
                work);
    }
}
