package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Loading;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.plan.FairPlanner;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** A denoiser whose models are loaded on first use: what its device does meanwhile, and what its status says. */
final class LoadOnUseTest {

    private static final ModelFolder OTHER =
            ModelFolder.open(Path.of("../engine/src/test/resources/reference/checkpoints/sd1"));
    private static final String DEFAULT = FakeModel.FOLDER.card().id();
    private static final long ROOM_FOR_ONE = 100;

    private final Deque<Runnable> loader = new ArrayDeque<>();
    private final Deque<Runnable> device = new ArrayDeque<>();
    private long nanos;
    private final NodeModels models = new NodeModels(List.of(), ROOM_FOR_ONE, loader::add, () -> nanos);
    private final Results results = new Results();
    private final FakeModel network = new FakeModel(rows -> {});
    private Throwable openProblem;

    private SteppingStage open(KnownModel... known) {
        SteppingStage stage = new SteppingStage(
                StageKind.DENOISER,
                folder -> {
                    if (openProblem != null) {
                        throw unchecked(openProblem);
                    }
                    return network.open(folder);
                },
                models,
                new ComputeTarget("cpu", Precision.FP32),
                new SteppingStage.Limits(16, 16),
                new FairPlanner());
        stage.open();
        stage.loading().connect(device::add);
        models.show(List.of(known));
        return stage;
    }

    @Test
    void aModelIsListedBeforeItIsLoadedAndRunsOnceItIs() {
        SteppingStage stage = open(known(FakeModel.FOLDER, 60));
        assertThat(stage.models()).singleElement().satisfies(status -> {
            assertThat(status.getId()).isEqualTo(DEFAULT);
            assertThat(status.getUnloaded()).isTrue();
            assertThat(status.getProblem()).isEmpty();
            assertThat(status.getCard().getWorkflowsCount()).isPositive();
        });
        Work work = FakeModel.work("job", "a", Priority.STANDARD, 3, false, 1);
        Loading.Use use = stage.loading().use(work.task());
        assertThat(use.ready().toCompletableFuture()).isNotDone();
        loader.remove().run();
        assertThat(use.ready().toCompletableFuture()).isCompleted();
        assertThat(stage.models()).noneMatch(ModelStatus::getUnloaded);
        stage.admit(work, results);
        runOut(stage);
        assertThat(results.latents).hasSize(1);
    }

    @Test
    void theDeviceGoesOnWithOtherModelsWhileOneIsLoaded() {
        SteppingStage stage = open(known(FakeModel.FOLDER, 50), known(OTHER, 50));
        Work work = FakeModel.work("job", "a", Priority.STANDARD, 3, false, 1);
        stage.loading().use(work.task());
        loader.remove().run();
        stage.admit(work, results);
        Loading.Use other = stage.loading().use(task(OTHER));
        runOut(stage);
        assertThat(results.latents).hasSize(1);
        assertThat(other.ready().toCompletableFuture()).isNotDone();
        assertThat(loader).hasSize(1);
    }

    @Test
    void aModelIsUnloadedOnTheDeviceThreadAfterItsLastWorkAndOnlyThenTheNextIsLoaded() {
        SteppingStage stage = open(known(FakeModel.FOLDER, 60), known(OTHER, 60));
        Loading.Use first = stage.loading().use(task(FakeModel.FOLDER));
        loader.remove().run();
        Loading.Use next = stage.loading().use(task(OTHER));
        assertThat(device).as("work uses it").isEmpty();
        first.close();
        assertThat(loader).as("its memory is not free yet").isEmpty();
        assertThat(stage.models()).extracting(ModelStatus::getUnloaded).containsExactly(false, true);
        device.remove().run();
        loader.remove().run();
        assertThat(next.ready().toCompletableFuture()).isCompleted();
        assertThat(stage.models()).extracting(ModelStatus::getUnloaded).containsExactly(true, false);
    }

    @Test
    void aModelThatDoesNotLoadIsToldWithItsReasonAndTriedAgainWhenItHasChanged() {
        openProblem = new ModelException("the unet is truncated");
        SteppingStage stage = open(known(FakeModel.FOLDER, 60));
        Loading.Use use = stage.loading().use(task(FakeModel.FOLDER));
        loader.remove().run();
        assertThatThrownBy(() -> use.ready().toCompletableFuture().join())
                .hasMessageContaining("the unet is truncated");
        assertThat(stage.models()).extracting(ModelStatus::getProblem).containsExactly("the unet is truncated");
        use.close();
        openProblem = null;
        models.show(List.of(known(FakeModel.FOLDER, 60)));
        device.remove().run();
        Loading.Use again = stage.loading().use(task(FakeModel.FOLDER));
        loader.remove().run();
        assertThat(again.ready().toCompletableFuture()).isCompleted();
        assertThat(stage.models()).extracting(ModelStatus::getProblem).containsExactly("");
    }

    @Test
    void aModelThatDidNotLoadForLackOfMemoryIsLoadedAgainLater() {
        openProblem = new OutOfMemoryError("the GPU has 3 MB left");
        SteppingStage stage = open(known(FakeModel.FOLDER, 60));
        useInVain(stage, "the GPU has 3 MB left");
        openProblem = null;
        nanos = 59_000_000_000L;
        assertThat(stage.models()).extracting(ModelStatus::getProblem).containsExactly("the GPU has 3 MB left");
        assertThat(device).isEmpty();
        nanos = 60_000_000_000L;
        stage.models();
        device.remove().run();
        assertThat(stage.models()).extracting(ModelStatus::getProblem).containsExactly("");
        Loading.Use again = stage.loading().use(task(FakeModel.FOLDER));
        loader.remove().run();
        assertThat(again.ready().toCompletableFuture()).isCompleted();
        assertThat(stage.models()).noneMatch(ModelStatus::getUnloaded);
    }

    @Test
    void aModelWhoseFilesAreBrokenIsNotLoadedAgainUntilTheyChange() {
        openProblem = new ModelException("the unet is truncated");
        SteppingStage stage = open(known(FakeModel.FOLDER, 60));
        useInVain(stage, "the unet is truncated");
        nanos = 3_600_000_000_000L;
        assertThat(stage.models()).extracting(ModelStatus::getProblem).containsExactly("the unet is truncated");
        assertThat(device).isEmpty();
    }

    /** Work that waits for it must not wait for ever. */
    @Test
    void anyErrorEndsTheLoading() {
        openProblem = new StackOverflowError();
        useInVain(open(known(FakeModel.FOLDER, 60)), "java.lang.StackOverflowError");
    }

    @Test
    void aModelThatIsNotFiniteIsRefusedWhenItIsLoaded() {
        network.breaks = row -> true;
        SteppingStage stage = open(known(FakeModel.FOLDER, 60));
        stage.loading().use(task(FakeModel.FOLDER));
        loader.remove().run();
        assertThat(stage.models()).extracting(ModelStatus::getProblem).containsExactly(NotFinite.PROBLEM);
    }

    @Test
    void aBrokenModelIsToldByOneStageOfTheProcess() {
        SteppingStage stage = open(KnownModel.broken("torn", "3 bytes are too few"));
        SteppingStage second = new SteppingStage(
                StageKind.UPSAMPLER,
                network::open,
                models,
                new ComputeTarget("cpu", Precision.FP32),
                new SteppingStage.Limits(16, 16),
                new FairPlanner());
        second.open();
        assertThat(stage.models()).extracting(ModelStatus::getProblem).containsExactly("3 bytes are too few");
        assertThat(second.models()).isEmpty();
    }

    private void useInVain(SteppingStage stage, String why) {
        Loading.Use use = stage.loading().use(task(FakeModel.FOLDER));
        loader.remove().run();
        assertThatThrownBy(() -> use.ready().toCompletableFuture().join()).hasMessageContaining(why);
        use.close();
    }

    private static RuntimeException unchecked(Throwable problem) {
        if (problem instanceof Error error) {
            throw error;
        }
        return (RuntimeException) problem;
    }

    private static KnownModel known(ModelFolder folder, long bytes) {
        Supplier<ModelFolder> opener = new Supplier<>() {
            @Override
            public ModelFolder get() {
                return folder;
            }
        };
        KnownModel known = KnownModel.of(folder);
        return new KnownModel(
                known.id(), "", known.card(), known.stages(), bytes, () -> 0, false, known.fingerprints(), opener);
    }

    private static Task task(ModelFolder folder) {
        return Task.newBuilder().setModel(folder.card().id()).build();
    }

    private void runOut(SteppingStage stage) {
        int turns = 0;
        while (stage.turn(results) > 0) {
            assertThat(turns++).isLessThan(100);
        }
    }
}
