package dev.weir.engine.adapter;

import dev.weir.engine.ModelException;
import dev.weir.engine.weights.FileStamp;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A LoRA file as it was when it was looked at, with the file of {@link PeftConfig} beside it if there is one. Immutable.
 *
 * @param config beside the file
 */
record FileState(FileStamp file, Optional<FileStamp> config) {

    /** Throws {@link ModelException} that names the file if it is not there. */
    static FileState of(Path path) {
        var config = PeftConfig.beside(path);
        return new FileState(
                FileStamp.of(path), Files.isRegularFile(config) ? Optional.of(FileStamp.of(config)) : Optional.empty());
    }

    Path path() {
        return file.path();
    }

    /** Throws {@link ModelException} if somebody has changed the file since. */
    void requireUnchanged() {
        if (!of(path()).equals(this)) {
            throw changed(null);
        }
    }

    ModelException changed(Throwable cause) {
        return new ModelException(path() + ": the file changed after it was opened", cause);
    }
}
