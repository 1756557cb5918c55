package dev.weir.gateway.user;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file of keys, as it was when it was read. Immutable. */
public final class KeysFile {

    private final Path path;
    private final byte[] content;
    private final Keys keys;

    private KeysFile(Path path, byte[] content) {
        this.path = path;
        this.content = content;
        this.keys = KeyFile.parse(content);
    }

    /** Throws {@link IllegalArgumentException} that says what is wrong with the file. */
    public static KeysFile read(Path path) {
        try {
            return new KeysFile(path, Files.readAllBytes(path));
        } catch (IOException e) {
            throw new IllegalArgumentException("the keys of %s cannot be read: %s".formatted(path, e), e);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the keys of %s: %s".formatted(path, e.getMessage()), e);
        }
    }

    public Path path() {
        return path;
    }

    byte[] content() {
        return content;
    }

    Keys keys() {
        return keys;
    }
}
