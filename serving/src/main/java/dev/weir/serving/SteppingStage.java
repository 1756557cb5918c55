package dev.weir.serving;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.diffusion.StepBatch.Stepped;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Work;
import java.util.List;
import java.util.Optional;

/**
 * The loop of a stage that diffuses, the denoiser and the upsampler: before each forward it chooses the rows that take
 * part, whatever their step, sampler or guidance; runs one forward; lets each row's own sampler step; and sends out frames and
 * finished latents. A sample that comes in joins at the next step.
 *
 * <p>Owned by the device thread. It does not know how a row begins ({@link RowSource} does) and decodes nothing.
 */
public final class SteppingStage implements Stage {

    /**
     * @param samples held at once, waiting ones included
     * @param rowsPerForward network rows in one forward; a guided sample takes two
     */
    public record Limits(int samples, int rowsPerForward) {}

    private record Group(String model, LatentShape shape) {}

    private final StageKind kind;
    private final RowSource source;
    private final List<ModelFolder> folders;
    private final ComputeTarget target;
    private final Limits limits;
    private final Rota<Group, HeldSample> rota = new Rota<>();
    private volatile ServedModels<DiffusionPart> models;

    public SteppingStage(
            StageKind kind, RowSource source, List<ModelFolder> folders, ComputeTarget target, Limits limits) {
        this.kind = kind;
        this.source = source;
        this.folders = List.copyOf(folders);
        this.target = target;
        this.limits = limits;
    }

    @Override
    public StageKind kind() {
        return kind;
    }

    @Override
    public void open() {
        models = ServedModels.open(folders, source::open);
        models.all().values().forEach(WarmUp::run);
    }

    @Override
    public List<ModelStatus> models() {
        return models.statuses();
    }

    @Override
    public String target() {
        return target.toString();
    }

    @Override
    public int capacity() {
        return limits.samples();
    }

    @Override
    public Optional<String> refuse(Task task) {
        return models.find(task.getModel()).flatMap(part -> source.refuse(part, task));
    }

    @Override
    public int forwards(Task task) {
        return source.steps(task);
    }

    @Override
    public void admit(Work work, Outbox outbox) {
        try {
            DiffusionPart part = models.get(work.task().getModel());
            Group group = new Group(work.task().getModel(), source.shape(part, work.task()));
            rota.add(group, new HeldSample(work, part, group.shape(), source.start(part, work)));
        } catch (IllegalArgumentException e) {
            outbox.fail(work, new Failure("invalid_task", e.getMessage(), false));
        }
    }

    @Override
    public void drop(SampleKey key) {
        rota.removeIf(sample -> sample.work().key().equals(key));
    }

    @Override
    public int turn(Outbox outbox) {
        List<HeldSample> chosen =
                rota.next(limits.rowsPerForward(), sample -> sample.row().cost());
        if (chosen.isEmpty()) {
            return 0;
        }
        chosen.stream().filter(sample -> sample.row().state().step() == 0).forEach(s -> outbox.started(s.work()));
        List<Stepped> stepped;
        long begin = System.nanoTime();
        try {
            stepped = advance(chosen);
        } catch (RuntimeException e) {
            rota.removeIf(chosen::contains);
            chosen.forEach(
                    s -> outbox.fail(s.work(), new Failure("step_failed", String.valueOf(e.getMessage()), true)));
            return chosen.size();
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        for (int i = 0; i < chosen.size(); i++) {
            chosen.get(i).report(stepped.get(i).predictedOriginal(), seconds, outbox);
        }
        rota.removeIf(sample -> sample.row().isDone());
        return chosen.stream().mapToInt(sample -> sample.row().cost()).sum();
    }

    private static List<Stepped> advance(List<HeldSample> chosen) {
        HeldSample first = chosen.get(0);
        return StepBatch.advance(
                first.part().network(),
                first.shape(),
                chosen.stream().map(HeldSample::row).toList());
    }

    @Override
    public void close() {
        models.close();
    }
}
