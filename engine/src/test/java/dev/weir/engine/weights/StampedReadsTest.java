package dev.weir.engine.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StampedReadsTest {

    @TempDir
    Path folder;

    private final List<String> reads = new ArrayList<>();
    private final StampedReads<String> contents = new StampedReads<>(this::read);

    private String read(Path file) {
        try {
            String content = Files.readString(file);
            reads.add(content);
            if (content.isEmpty()) {
                throw new ModelException("empty");
            }
            return content;
        } catch (IOException e) {
            throw new ModelException("unreadable", e);
        }
    }

    private String look(Path file) {
        contents.begin();
        return contents.of(file);
    }

    @Test
    void aFileIsReadAgainOnlyWhenItHasChanged() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "one");

        assertThat(look(file)).isEqualTo("one");
        assertThat(look(file)).isEqualTo("one");
        assertThat(contents.of(file)).isEqualTo("one");
        assertThat(reads).containsExactly("one");

        Files.writeString(file, "three");
        assertThat(look(file)).isEqualTo("three");
        assertThat(reads).containsExactly("one", "three");
    }

    @Test
    void aBrokenFileIsReadOnceToo() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "");

        assertThatThrownBy(() -> look(file)).hasMessage("empty");
        assertThatThrownBy(() -> look(file)).hasMessage("empty");

        assertThat(reads).hasSize(1);
    }

    @Test
    void whatALookDidNotAskForIsForgotten() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "one");
        look(file);
        contents.begin();
        look(file);

        assertThat(reads).hasSize(2);
    }
}
