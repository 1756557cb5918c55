package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ModelFolder;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.StageKind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Which models are in memory: what is loaded, what is unloaded for it, and what waits. */
final class NodeModelsTest {

    private static final long BUDGET = 10_000_000;
    private static final long SECOND = 1_000_000_000L;

    private long nanos;
    private final RecordingStage stage = new RecordingStage();
    private final NodeModels models = withNamed();

    private static final class RecordingStage implements NodeModels.Holder {
        final List<String> done = new ArrayList<>();
        final Deque<Runnable> unloading = new ArrayDeque<>();
        boolean isSlow;
        Runnable onLoad = () -> {};

        @Override
        public StageKind kind() {
            return StageKind.DENOISER;
        }

        @Override
        public void load(KnownModel model) {
            onLoad.run();
            done.add("+" + model.id());
        }

        @Override
        public CompletionStage<?> unload(KnownModel model) {
            done.add("-" + model.id());
            var unloaded = new CompletableFuture<Void>();
            if (isSlow) {
                unloading.add(() -> unloaded.complete(null));
            } else {
                unloaded.complete(null);
            }
            return unloaded;
        }

        @Override
        public void changed() {
            // Nothing is shown here.
        }
    }

    @Test
    void aModelIsLoadedByItsFirstUseAndStaysForTheNext() {
        show(model("a", 4), model("b", 4));
        ModelUse first = models.use("a", true);
        assertThat(isReady(first)).isTrue();
        first.close();
        assertThat(isReady(models.use("a", true))).isTrue();
        assertThat(stage.done).containsExactly("+a");
    }

    /** Another thread's use must not find a stage that does not know yet that it loads the model. */
    @Test
    void aUseThatComesWhileStagesAreToldToLoadIsReadyOnlyAfterThat() {
        show(model("a", 4));
        List<ModelUse> second = new ArrayList<>();
        stage.onLoad = () -> {
            second.add(models.use("a", true));
            assertThat(isReady(second.get(0))).isFalse();
        };
        models.use("a", true);
        assertThat(isReady(second.get(0))).isTrue();
        assertThat(stage.done).containsExactly("+a");
    }

    @Test
    void theModelThatWasNotUsedForTheLongestTimeMakesRoom() {
        show(model("a", 4), model("b", 4), model("c", 4));
        useAndEnd("a");
        useAndEnd("b");
        useAndEnd("a");
        useAndEnd("c");
        assertThat(stage.done).containsExactly("+a", "+b", "-b", "+c");
    }

    @Test
    void aModelThatWorkUsesIsNeverUnloaded() {
        show(model("a", 6), model("b", 6));
        ModelUse running = models.use("a", true);
        ModelUse waiting = models.use("b", true);
        assertThat(isReady(waiting)).isFalse();
        assertThat(stage.done).containsExactly("+a");
        running.close();
        assertThat(isReady(waiting)).isTrue();
        assertThat(stage.done).containsExactly("+a", "-a", "+b");
    }

    @Test
    void nothingIsUnloadedWhereThatWouldNotMakeEnoughRoom() {
        show(model("a", 4), model("b", 5), model("c", 8));
        useAndEnd("a");
        models.use("b", true);
        models.use("c", true);
        assertThat(stage.done).containsExactly("+a", "+b");
    }

    @Test
    void aModelIsLoadedOnlyWhenTheMemoryIsFree() {
        stage.isSlow = true;
        show(model("a", 6), model("b", 6));
        useAndEnd("a");
        ModelUse next = models.use("b", true);
        assertThat(stage.done).containsExactly("+a", "-a");
        assertThat(isReady(next)).isFalse();
        stage.unloading.remove().run();
        assertThat(isReady(next)).isTrue();
        assertThat(stage.done).containsExactly("+a", "-a", "+b");
    }

    @Test
    void aUseThatEndsWhileItWaitsLoadsNothing() {
        show(model("a", 6), model("b", 6));
        ModelUse running = models.use("a", true);
        models.use("b", true).close();
        running.close();
        assertThat(stage.done).containsExactly("+a");
        assertThat(isReady(models.use("a", true))).isTrue();
    }

    /** Otherwise a model with steady work would keep all others out for ever. */
    @Test
    void newImagesOfAModelInMemoryWaitForAModelThatHasWaitedLong() {
        show(model("a", 6), model("b", 6));
        ModelUse running = models.use("a", true);
        ModelUse other = models.use("b", true);
        ModelUse soon = models.use("a", true);
        assertThat(isReady(soon)).isTrue();
        nanos += 11 * SECOND;
        ModelUse late = models.use("a", true);
        ModelUse continuing = models.use("a", false);
        assertThat(isReady(late)).isFalse();
        assertThat(isReady(continuing)).as("a later stage of a running image").isTrue();
        Stream.of(running, soon, continuing).forEach(ModelUse::close);
        assertThat(isReady(other)).isTrue();
        other.close();
        assertThat(isReady(late)).isTrue();
        assertThat(stage.done).containsExactly("+a", "-a", "+b", "-b", "+a");
    }

    @Test
    void aModelLargerThanTheBudgetIsRefusedWithBothNumbers() {
        show(model("a", 11));
        assertThat(models.shown().get(0).model().problem()).contains("11 MB").contains("10 MB");
        assertThatThrownBy(
                        () -> models.use("a", true).room().toCompletableFuture().join())
                .hasMessageContaining("11 MB");
        assertThat(stage.done).isEmpty();
    }

    @Test
    void namedModelsStayAndCount() {
        NodeModels some = withNamed(model("named", 6));
        some.show(List.of(model("a", 3), model("b", 3), model("large", 5)));
        some.use("named", true).close();
        some.use("a", true).close();
        assertThat(isReady(some.use("b", true))).isTrue();
        assertThat(stage.done).containsExactly("+a", "-a", "+b");
        assertThat(some.shown())
                .filteredOn(shown -> !shown.model().isUsable())
                .extracting(shown -> shown.model().id())
                .containsExactly("large");
    }

    @Test
    void copiesOfNetworksCountAsTheyAreWhenTheModelIsLoaded() {
        var copies = new AtomicLong();
        show(model("a", 4, copies::get), model("b", 4));
        useAndEnd("a");
        useAndEnd("b");
        assertThat(stage.done).as("there are none yet").containsExactly("+a", "+b");
        copies.set(3_000_000);
        show(model("a", 4, copies::get), model("b", 4));
        useAndEnd("a");
        useAndEnd("b");
        assertThat(stage.done).containsExactly("+a", "+b", "-a", "-b", "+a", "-a", "+b");
    }

    @Test
    void aModelThatDoesNotFitWithItsCopiesIsLoadedAlone() {
        NodeModels some = withNamed(model("named", 1, () -> 1_000_000));
        some.show(List.of(model("a", 3), model("large", 6, () -> 6_000_000), model("larger", 9)));
        some.use("a", true).close();
        ModelUse large = some.use("large", true);
        assertThat(isReady(large)).isTrue();
        assertThat(isReady(some.use("a", true))).isFalse();
        large.close();
        assertThat(stage.done).containsExactly("+a", "-a", "+large", "-large", "+a");
        assertThat(some.shown())
                .filteredOn(shown -> !shown.model().isUsable())
                .singleElement()
                .satisfies(shown ->
                        assertThat(shown.model().problem()).contains("9 MB").contains("8 MB"));
    }

    @Test
    void aReplacedModelIsServedAsItWasUntilNoWorkUsesIt() {
        KnownModel before = model("a", 4);
        KnownModel after = model("a", 5);
        show(before);
        ModelUse running = models.use("a", true);
        show(after);
        assertThat(models.shown().get(0).model()).isSameAs(before);
        ModelUse next = models.use("a", true);
        ModelUse continuing = models.use("a", false);
        assertThat(isReady(next)).isFalse();
        assertThat(isReady(continuing)).isTrue();
        running.close();
        continuing.close();
        assertThat(next.room().toCompletableFuture().join()).isSameAs(after);
        assertThat(models.shown().get(0).model()).isSameAs(after);
        assertThat(stage.done).containsExactly("+a", "-a", "+a");
    }

    @Test
    void aRemovedModelIsToldAsRemovedAndUnloadedWhenNoWorkUsesIt() {
        show(model("a", 4), model("b", 4));
        ModelUse running = models.use("a", true);
        show(model("b", 4));
        NodeModels.Shown removed = models.shown().get(1);
        assertThat(removed.removed()).isTrue();
        assertThat(removed.model().problem()).as("running images go on").isEmpty();
        ModelUse next = models.use("a", true);
        running.close();
        assertThat(stage.done).containsExactly("+a", "-a");
        assertThatThrownBy(() -> next.room().toCompletableFuture().join()).hasMessageContaining("not here any more");
        assertThat(models.shown().get(1).model().problem()).contains("removed");
    }

    @Test
    void aModelThatComesBackIsServedAgain() {
        show(model("a", 4));
        show();
        show(model("a", 4));
        assertThat(models.shown()).singleElement().satisfies(shown -> assertThat(shown.removed())
                .isFalse());
        assertThat(isReady(models.use("a", true))).isTrue();
    }

    @Test
    void whatBecomesKnownOfAModelDoesNotUnloadIt() {
        KnownModel model = model("a", 4);
        show(model);
        useAndEnd("a");
        show(model.withFingerprints(Map.of("unet", "u1")));
        useAndEnd("a");
        assertThat(stage.done).containsExactly("+a");
        assertThat(models.shown().get(0).model().fingerprints()).containsEntry("unet", "u1");
    }

    @Test
    void removedModelsAreRememberedInABoundedNumber() {
        for (int i = 0; i < 200; i++) {
            show(model("m" + i, 1));
        }
        assertThat(models.shown()).hasSize(51);
    }

    private NodeModels withNamed(KnownModel... named) {
        NodeModels made = new NodeModels(List.of(named), BUDGET, Runnable::run, () -> nanos);
        made.join(stage);
        return made;
    }

    private void show(KnownModel... found) {
        models.show(List.of(found));
    }

    private void useAndEnd(String id) {
        nanos++;
        models.use(id, true).close();
    }

    private static boolean isReady(ModelUse use) {
        return use.room().toCompletableFuture().isDone();
    }

    private static KnownModel model(String id, int megabytes) {
        return model(id, megabytes, () -> 0);
    }

    private static KnownModel model(String id, int megabytes, LongSupplier copies) {
        Supplier<ModelFolder> opener = new Supplier<>() {
            @Override
            public ModelFolder get() {
                throw new AssertionError("nothing is opened here");
            }
        };
        return new KnownModel(
                id,
                "",
                ModelCard::getDefaultInstance,
                Map.of(),
                megabytes * 1_000_000L,
                copies,
                false,
                Map.of(),
                opener);
    }
}
