package dev.weir.bench;

import dev.weir.engine.LatentShape;
import dev.weir.engine.Signature;
import dev.weir.serving.plan.BatchKey;
import dev.weir.serving.plan.FairPlanner;
import dev.weir.serving.plan.Plan;
import dev.weir.serving.plan.PlanRow;
import dev.weir.serving.plan.PlanState;
import dev.weir.serving.plan.Planner;
import dev.weir.serving.plan.PriorityClass;
import dev.weir.serving.plan.Shares;
import dev.weir.serving.plan.StepCurve;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** The selection of rows alone: 64 running and 1,000 waiting rows. Has its own main method. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PlannerJmh {

    private static final int RUNNING = 64;
    private static final int WAITING = 1000;

    @Param({"1", "20", "1000"})
    public int users;

    private final Planner planner = new FairPlanner();
    private PlanState<Integer> state;

    public static void main(String[] args) throws RunnerException {
        new Runner(new OptionsBuilder().include(PlannerJmh.class.getName()).build()).run();
    }

    @Setup
    public void fill() {
        Random random = new Random(7);
        PriorityClass[] classes = PriorityClass.values();
        List<PlanRow<Integer>> rows = new ArrayList<>();
        for (int i = 0; i < RUNNING + WAITING; i++) {
            rows.add(new PlanRow<>(
                    i,
                    1 + random.nextInt(2),
                    classes[random.nextInt(classes.length)],
                    "user " + random.nextInt(users),
                    600_000 + random.nextInt(600_000),
                    i,
                    1 + random.nextInt(50),
                    i < RUNNING,
                    i < RUNNING));
        }
        StepCurve curve = StepCurve.unknown(RUNNING + 32);
        for (int size = 1; size <= RUNNING + 32; size++) {
            curve = curve.after(size, 0.02 + 0.001 * size);
        }
        BatchKey group = new BatchKey("model", new LatentShape(4, 16, 16), Signature.NONE);
        state = new PlanState<>(List.of(new PlanState.Queue<>(group, curve, rows)), Shares.start(Map.of()), 0);
    }

    @Benchmark
    public Plan<Integer> plan() {
        return planner.plan(state);
    }
}
