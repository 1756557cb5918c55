package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** A model that cannot be used takes itself out of the routing, and no other. */
final class ServedModelsTest {

    private static final ModelFolder GOOD = FakeModel.FOLDER;
    private static final ModelFolder BAD =
            ModelFolder.open(Path.of("../engine/src/test/resources/reference/checkpoints/sd1"));

    private final List<String> closed = new ArrayList<>();

    @Test
    void aModelThatDoesNotOpenIsToldWithItsReasonBesideThoseThatDo() {
        var models = open(
                folder -> {
                    if (folder == BAD) {
                        throw new ModelException("no unet");
                    }
                    return part(folder);
                },
                (folder, part) -> {});

        assertThat(models.statuses())
                .extracting(ModelStatus::getId, ModelStatus::getProblem)
                .containsExactly(
                        tuple(BAD.card().id(), "no unet"), tuple(GOOD.card().id(), ""));
        assertThat(models.find(BAD.card().id())).isEmpty();
        assertThat(models.find(GOOD.card().id())).isPresent();
    }

    @Test
    void aModelThatFailsItsFirstUseIsClosedAndToldOfToo() {
        var models = open(this::part, (folder, part) -> {
            if (folder == BAD) {
                throw new IllegalStateException("shapes do not fit");
            }
        });

        assertThat(models.statuses().get(0).getProblem()).isEqualTo("shapes do not fit");
        assertThat(closed).containsExactly(BAD.card().id());
        models.close();
        assertThat(closed).containsExactly(BAD.card().id(), GOOD.card().id());
    }

    @Test
    void aStageWithoutAnyModelThatWorksDoesNotOpen() {
        assertThatThrownBy(() -> open(
                        folder -> {
                            throw new ModelException(
                                    "nothing in " + folder.card().id());
                        },
                        (folder, part) -> {}))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("the denoiser can serve no model: ")
                .hasMessageContaining("nothing in " + GOOD.card().id())
                .hasMessageContaining("nothing in " + BAD.card().id());
    }

    @Test
    void aModelThatIsFoundBrokenIsClosedAndToldWithTheReason() {
        var models = open(this::part, (folder, part) -> {});
        String bad = BAD.card().id();

        assertThat(models.isBroken(bad, part -> false)).isTrue();

        assertThat(models.find(bad)).isEmpty();
        assertThat(models.outage(bad)).hasValueSatisfying(failure -> {
            assertThat(failure.code()).isEqualTo("not_finite");
            assertThat(failure.retryable()).isTrue();
        });
        assertThat(models.statuses())
                .extracting(ModelStatus::getId, ModelStatus::getProblem)
                .containsExactly(
                        tuple(bad, NotFinite.PROBLEM), tuple(GOOD.card().id(), ""));
        assertThat(models.outage(GOOD.card().id())).isEmpty();
        models.close();
        assertThat(closed).containsExactly(bad, GOOD.card().id());
    }

    @Test
    void aModelThatStandsItsTestOrCannotBeTestedStays() {
        var models = open(this::part, (folder, part) -> {});
        String good = GOOD.card().id();

        assertThat(models.isBroken(good, part -> true)).isFalse();
        assertThat(models.isBroken(good, part -> {
                    throw new OutOfMemoryError("Java heap space");
                }))
                .isFalse();

        assertThat(models.find(good)).isPresent();
        assertThat(models.statuses()).allMatch(status -> status.getProblem().isEmpty());
    }

    private AutoCloseable part(ModelFolder folder) {
        return () -> closed.add(folder.card().id());
    }

    private static ServedModels<AutoCloseable> open(
            Function<ModelFolder, AutoCloseable> opener, BiConsumer<ModelFolder, AutoCloseable> trial) {
        return ServedModels.open(StageKind.DENOISER, List.of(BAD, GOOD), opener, trial);
    }
}
