package dev.weir.engine.adapter;

import dev.weir.engine.ModelException;
import dev.weir.engine.SystemReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;

/** A file as it was when it was opened. Immutable. */
record FileState(Path path, long bytes, FileTime written) {

    static FileState of(Path path) {
        try {
            return new FileState(path, Files.size(path), Files.getLastModifiedTime(path));
        } catch (IOException e) {
            throw new ModelException(path + ": cannot be read: " + SystemReason.of(e), e);
        }
    }

    /** Throws {@link ModelException} if somebody has changed the file since. */
    void requireUnchanged() {
        if (!of(path).equals(this)) {
            throw changed(null);
        }
    }

    ModelException changed(Throwable cause) {
        return new ModelException(path + ": the file has changed since this node opened it; restart the node", cause);
    }
}
