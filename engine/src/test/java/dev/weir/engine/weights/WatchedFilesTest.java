package dev.weir.engine.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.EngineLog;
import dev.weir.engine.ModelException;
import dev.weir.engine.weights.WatchedFiles.Found;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders that fail for a moment, and files that cannot be opened. The test plays both. */
final class WatchedFilesTest {

    @RegisterExtension
    final EngineLog log = new EngineLog();

    private final List<String> names = new ArrayList<>(List.of("a"));
    private final List<String> broken = new ArrayList<>();
    private final Map<String, Throwable> failures = new HashMap<>();
    private boolean isAway;
    private WatchedFiles<String, Integer, String> files;
    private FittingFiles<String> fitting;

    @BeforeEach
    void open() {
        files = new WatchedFiles<>(
                new WatchedFiles.Kind("a", "file", 10),
                this::look,
                new WatchedFiles.Opener<>() {
                    @Override
                    public String open(String model, String family, String name, Integer state) {
                        return opened(name);
                    }

                    @Override
                    public String remark(String file) {
                        return file.contains("remarkable") ? "half of it" : "";
                    }
                },
                (before, now) -> false);
        fitting = files.of("tiny", "family");
    }

    private List<Found<Integer>> look(Consumer<String> problems) {
        if (isAway) {
            throw new ModelException("folder: cannot be read");
        }
        broken.forEach(name -> problems.accept(name + ": a pickle"));
        return names.stream()
                .map(name -> new Found<>(name, Path.of("folder", name), 0))
                .toList();
    }

    private String opened(String name) {
        Throwable failure = failures.remove(name);
        if (failure instanceof Error error) {
            throw error;
        } else if (failure instanceof RuntimeException exception) {
            throw exception;
        }
        return "content of " + name;
    }

    private void arrives(String name) {
        names.add(name);
        assertThat(files.poll()).isFalse();
    }

    @Test
    void aFileThatBecomesShorterIsRefusedAndTheOthersAreOffered() {
        failures.put("b", new InternalError("a fault occurred in an unsafe memory access operation"));
        names.add("c");
        arrives("b");

        assertThat(files.poll()).isTrue();

        assertThat(fitting.byName()).containsOnlyKeys("a", "c");
        assertThat(fitting.offer().refused()).containsEntry("b", "the file changed while it was read");
    }

    @Test
    void aFileThatFailsInAnUnknownWayIsRefusedAndTheOthersAreOffered() {
        failures.put("b", new IllegalStateException("strange"));
        names.add("c");
        arrives("b");

        assertThat(files.poll()).isTrue();

        assertThat(fitting.byName()).containsOnlyKeys("a", "c");
        assertThat(fitting.offer().refused().get("b")).contains("strange");
    }

    @ParameterizedTest
    @CsvSource({
        "made for another model,made for another model",
        "folder/b: made for another model,made for another model",
        "folder/b/config.json: no JSON,config.json: no JSON",
        "made for folder/b: no,made for folder/b: no"
    })
    void theLogNamesTheFileOnceAndTheCardDoesNot(String problem, String reason) {
        failures.put("b", new ModelException(problem));
        arrives("b");
        files.poll();

        assertThat(log.messages()).containsExactly("not a file of the model tiny: folder/b: " + reason);
        assertThat(fitting.offer().refused()).containsEntry("b", reason);
    }

    @Test
    void whatIsToBeSaidOfAFileThatFitsIsOneLine() {
        names.addAll(List.of("remarkable b", "remarkable c"));
        arrives("d");
        files.poll();

        assertThat(log.messages())
                .containsExactly(
                        "a file of the model tiny in part: folder/remarkable b: half of it",
                        "a file of the model tiny in part: folder/remarkable c: half of it");
        assertThat(fitting.byName()).hasSize(4);
    }

    @Test
    void ofManyFilesThatDoNotFitTheFirstHaveALineEach() {
        List<String> sizes = List.of("b1", "b2", "b3", "b4", "b5", "b6", "b7");
        sizes.forEach(name -> failures.put(name, new ModelException("of another size")));
        names.addAll(sizes.subList(1, sizes.size()));
        arrives(sizes.get(0));
        files.poll();

        assertThat(log.messages())
                .hasSize(6)
                .startsWith("not a file of the model tiny: folder/b1: of another size")
                .endsWith("not a file of the model tiny: 2 more");
    }

    @Test
    void whatAnErrorInterruptsIsDoneAtTheNextPoll() {
        failures.put("b", new OutOfMemoryError("Java heap space"));
        arrives("b");

        assertThatThrownBy(files::poll).isInstanceOf(OutOfMemoryError.class);
        assertThat(fitting.byName()).containsOnlyKeys("a");

        assertThat(files.poll()).isTrue();
        assertThat(fitting.byName()).containsOnlyKeys("a", "b");
        assertThat(files.poll()).isFalse();
    }

    @Test
    void aFolderThatIsAwayForAMomentRepeatsNoWarnings() {
        broken.addAll(List.of("x.pt", "y.pt"));
        files.poll();
        isAway = true;
        files.poll();
        files.poll();
        isAway = false;
        files.poll();

        assertThat(log.messages()).containsExactly("x.pt: a pickle", "y.pt: a pickle", "folder: cannot be read");

        isAway = true;
        files.poll();
        assertThat(log.messages()).as("it is away once more").hasSize(4);
        assertThat(fitting.byName()).containsOnlyKeys("a");
    }
}
