package dev.weir.serving;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.control.Control;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.diffusion.StepBatch.Stepped;
import dev.weir.picture.PictureException;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Load;
import dev.weir.runtime.stage.Loading;
import dev.weir.runtime.stage.Move;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.Peer;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Target;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.plan.BatchKey;
import dev.weir.serving.plan.FairPlanner;
import dev.weir.serving.plan.Plan;
import dev.weir.serving.plan.PlanRow;
import dev.weir.serving.plan.PlanState;
import dev.weir.serving.plan.Planner;
import dev.weir.serving.plan.RebalancePlanner;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loop of a diffusion stage (denoiser and upsampler). Before each forward pass it selects the participating rows,
 * whatever their step, sampler or guidance. It runs one forward pass, lets each row's sampler make a step, and sends
 * frames, checkpoints and finished latents. A new sample joins at the next step.
 *
 * <p>Owned by the device thread. It does not know how a row starts ({@link DiffusionPart} does) and decodes nothing.
 */
public final class SteppingStage implements Stage {

    /**
     * @param samples held at once, including waiting ones
     * @param rowsPerForward network rows in one forward pass; a guided sample uses two or three
     * @param checkpointEvery how long a sample runs until its next checkpoint; zero: after each step
     * @param userWeights of users whose share of the device is not 1; positive
     * @param profiles whether the network is measured at each number of rows before the first request
     */
    public record Limits(
            int samples,
            int rowsPerForward,
            Duration checkpointEvery,
            Map<String, Double> userWeights,
            boolean profiles) {

        public static final Duration CHECKPOINT_EVERY = Duration.ofMillis(250);

        public Limits(int samples, int rowsPerForward) {
            this(samples, rowsPerForward, CHECKPOINT_EVERY);
        }

        public Limits(int samples, int rowsPerForward, Duration checkpointEvery) {
            this(samples, rowsPerForward, checkpointEvery, Map.of(), true);
        }

        public Limits withUserWeights(Map<String, Double> weights) {
            return new Limits(samples, rowsPerForward, checkpointEvery, Map.copyOf(weights), profiles);
        }

        /** For a process that ends after one request. */
        public Limits withoutProfile() {
            return new Limits(samples, rowsPerForward, checkpointEvery, userWeights, false);
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(SteppingStage.class);
    private static final long PROFILE_NANOS = 300_000_000;

    private final StageKind kind;
    private final Function<ModelFolder, DiffusionPart> opener;
    private final NodeModels nodeModels;
    private final ComputeTarget target;
    private final Limits limits;
    private final Planner planner;
    private final RunQueue queue;
    private final FramePainter painter;
    private final PictureReaders readers;
    private final RandomGenerator random = RandomGenerator.getDefault();
    private volatile ServedModels<DiffusionPart> models;
    private volatile PlanState<HeldSample> held;
    private volatile Load load = Load.NONE;

    public SteppingStage(
            StageKind kind,
            Function<ModelFolder, DiffusionPart> opener,
            List<ModelFolder> folders,
            ComputeTarget target,
            Limits limits) {
        this(kind, opener, NodeModels.of(folders), target, limits, new FairPlanner());
    }

    /**
     * A stage with another planner than the product's, for benchmarks.
     *
     * @param opener loads the part of a model that the stage runs
     */
    public SteppingStage(
            StageKind kind,
            Function<ModelFolder, DiffusionPart> opener,
            NodeModels models,
            ComputeTarget target,
            Limits limits,
            Planner planner) {
        this.kind = kind;
        this.opener = opener;
        this.nodeModels = models;
        this.target = target;
        this.limits = limits;
        this.planner = planner;
        this.queue = new RunQueue(limits.rowsPerForward(), limits.userWeights());
        this.held = queue.state(0);
        this.readers = new PictureReaders(kind);
        this.painter = new FramePainter("weir-" + Addresses.name(kind) + "-frames", System::nanoTime);
    }

    @Override
    public StageKind kind() {
        return kind;
    }

    @Override
    public void open() {
        painter.start();
        models = ServedModels.open(
                kind,
                nodeModels,
                opener,
                limits.profiles() ? (folder, part) -> profile(part) : (folder, part) -> warmUp(part),
                (folder, part) -> warmUp(part));
        tellLoad();
    }

    private void profile(DiffusionPart part) {
        var profile = new BatchProfile(PROFILE_NANOS, System::nanoTime);
        queue.profiled(part.nativeKey(), profile.of(part, limits.rowsPerForward()));
        if (!part.isRestFinite()) {
            throw new ModelException(NotFinite.PROBLEM);
        }
    }

    /** A profile would take the device from other rows. How long passes take is learned from the first ones. */
    private static void warmUp(DiffusionPart part) {
        if (!part.isFinite()) {
            throw new ModelException(NotFinite.PROBLEM);
        }
    }

    @Override
    public List<ModelStatus> models() {
        return models.statuses();
    }

    @Override
    public Loading loading() {
        return models;
    }

    @Override
    public Target target() {
        return Targets.of(target);
    }

    @Override
    public int capacity() {
        return limits.samples();
    }

    @Override
    public Optional<String> refuse(Task task) {
        return models.find(task.getModel()).flatMap(part -> part.refuse(task.getRoute(task.getPosition())));
    }

    @Override
    public Optional<Load> load() {
        return Optional.of(load);
    }

    @Override
    public List<Move> moves(List<Peer> peers) {
        return RebalancePlanner.plan(held, load.rowSeconds(), peers, HeldSample::mayMove, random).stream()
                .map(moved -> new Move(moved.key().work().key(), moved.to()))
                .toList();
    }

    private void tellLoad() {
        held = queue.state(System.currentTimeMillis());
        load = queue.load(held);
    }

    @Override
    public CompletionStage<Admission> prepare(Work work) {
        return Controls.steer(work)
                ? readers.admission(() -> steering(work), controls -> outbox -> admit(work, controls, outbox))
                : Stage.super.prepare(work);
    }

    private List<Control> steering(Work work) {
        return models.get(work.task().getModel()).steering(work);
    }

    @Override
    public void admit(Work work, Outbox outbox) {
        admit(work, () -> steering(work), outbox);
    }

    private void admit(Work work, Supplier<List<Control>> steering, Outbox outbox) {
        Optional<Failure> outage = models.outage(work.task().getModel());
        if (outage.isPresent()) {
            outbox.fail(work, outage.get());
            return;
        }
        try {
            DiffusionPart part = models.get(work.task().getModel());
            queue.learns(part);
            Row row = RowCheckpoints.resumed(part.begin(work, steering.get()), work);
            BatchKey group = part.key(part.shape(work.stage()), row.branches(), Branches.tokens(work));
            Pace pace = new Pace(limits.checkpointEvery());
            queue.add(new HeldSample(work, part, group, row, pace), System.currentTimeMillis());
            Loras.warnings(row.loras()).forEach(warning -> outbox.warn(work, warning));
            tellLoad();
        } catch (IllegalArgumentException e) {
            outbox.fail(work, new Failure("invalid_task", e.getMessage(), false));
        } catch (PictureException e) {
            outbox.fail(work, new Failure("invalid_image", e.getMessage(), false));
        } catch (ModelException e) {
            outbox.fail(work, unavailable(e));
        }
    }

    @Override
    public Optional<Supplier<Snapshot>> snapshot(SampleKey key) {
        return queue.find(key).flatMap(HeldSample::snapshot);
    }

    @Override
    public void drop(SampleKey key) {
        painter.forget(key);
        queue.removeIf(sample -> sample.work().key().equals(key));
        tellLoad();
    }

    @Override
    public int turn(Outbox outbox) {
        PlanState<HeldSample> state = queue.state(System.currentTimeMillis());
        Plan<HeldSample> plan = planner.plan(state);
        List<HeldSample> chosen = plan.chosen().stream().map(PlanRow::key).toList();
        if (chosen.isEmpty()) {
            return 0;
        }
        chosen.stream().filter(HeldSample::isNew).forEach(s -> outbox.started(s.work()));
        List<Stepped> stepped;
        long begin = System.nanoTime();
        try {
            stepped = advance(chosen);
        } catch (RuntimeException | OutOfMemoryError problem) {
            recover(plan, chosen, problem, outbox);
            return plan.cost();
        }
        long end = System.nanoTime();
        double seconds = (end - begin) / 1e9;
        outbox.forward(Forwards.of(plan, seconds));
        List<HeldSample> failed = new ArrayList<>();
        Map<HeldSample, RuntimeException> broken = new LinkedHashMap<>();
        for (int i = 0; i < chosen.size(); i++) {
            HeldSample sample = chosen.get(i);
            Stepped step = stepped.get(i);
            if (step.problem().isPresent()) {
                broken.put(sample, step.problem().get());
            } else if (step.predictedOriginal().isPresent()) {
                sample.report(step.predictedOriginal().get(), seconds, end, painter, outbox);
            } else {
                failed.add(sample);
            }
        }
        painter.stepped((long) (1e9 * seconds), queue.isFull(state, plan));
        queue.stepped(state, plan, seconds);
        remove(List.copyOf(broken.keySet()));
        broken.forEach((sample, problem) -> outbox.fail(sample.work(), stepFailed(problem)));
        if (!failed.isEmpty()) {
            failNotFinite(failed, failed.size() == chosen.size(), outbox);
        }
        tellLoad();
        return plan.cost();
    }

    /** Rows whose step gave a number that is not finite; their neighbours have gone on. */
    private void failNotFinite(List<HeldSample> failed, boolean isWholeForward, Outbox outbox) {
        remove(failed);
        String model = failed.get(0).group().model();
        boolean isBroken = isWholeForward && models.isBroken(model, DiffusionPart::isFinite);
        for (HeldSample sample : failed) {
            String what = "the %s's output at step %d of %d"
                    .formatted(
                            Addresses.name(kind),
                            sample.row().state().step() + 1,
                            sample.row().steps());
            outbox.fail(sample.work(), isBroken ? NotFinite.ofModel(what, model) : NotFinite.ofRequest(what));
        }
        if (isBroken) {
            failAll(model, outbox);
        }
    }

    private void remove(List<HeldSample> samples) {
        queue.removeIf(samples::contains);
        samples.forEach(sample -> painter.forget(sample.work().key()));
    }

    /** No row has advanced. If fewer rows would fit, they are tried in the next turn. Otherwise these rows fail. */
    private void recover(Plan<HeldSample> plan, List<HeldSample> chosen, Throwable problem, Outbox outbox) {
        boolean noMemory = Memory.isExhausted(problem);
        if (noMemory && chosen.size() > 1) {
            queue.learn(plan.group(), queue.curve(plan.group()).withoutRoomFor(plan.cost()));
            LOG.warn(
                    "{} rows of {} do not fit into the memory: from now on at most {}",
                    plan.cost(),
                    plan.group(),
                    queue.curve(plan.group()).cap());
            return;
        }
        remove(chosen);
        String model = plan.group().model();
        boolean isLost = !noMemory && models.isLost(model, DiffusionPart::isFinite);
        Failure failure = noMemory
                ? new Failure("out_of_memory", String.valueOf(problem.getMessage()), true)
                : new Failure("step_failed", String.valueOf(problem.getMessage()), true);
        chosen.forEach(s -> outbox.fail(s.work(), failure));
        if (isLost) {
            failAll(model, outbox);
        }
        tellLoad();
    }

    /** What is held of a model that is not served any more. */
    private void failAll(String model, Outbox outbox) {
        List<HeldSample> others = queue.removeModel(model);
        remove(others);
        others.forEach(sample -> models.outage(model).ifPresent(outage -> outbox.fail(sample.work(), outage)));
    }

    private Failure stepFailed(Throwable problem) {
        if (problem instanceof ModelException file) {
            return unavailable(file);
        }
        return new Failure("step_failed", String.valueOf(problem.getMessage()), true);
    }

    private Failure unavailable(ModelException file) {
        nodeModels.lookAtFiles();
        return FilesHere.unavailable(file);
    }

    private static List<Stepped> advance(List<HeldSample> chosen) {
        HeldSample first = chosen.get(0);
        return StepBatch.advance(
                first.part().network(),
                first.group().sample(),
                chosen.stream().map(HeldSample::row).toList());
    }

    @Override
    public void close() {
        readers.close();
        painter.close();
        models.close();
    }
}
