package dev.weir.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The configurations of families that come with Weir. Where its classes are in a jar, they are read through the jar's file system,
 * which stays open as long as the process. Any thread.
 */
final class BundledFamilies {

    private static final Path ROOT = code().resolve("dev/weir/engine/families");

    private BundledFamilies() {}

    /** A folder in diffusers' layout, without weights. */
    static Path folder(String family) {
        return ROOT.resolve(family);
    }

    static boolean has(Path configuration) {
        return configuration.startsWith(ROOT);
    }

    /** CLIP's vocabulary, which all of them have. */
    static Path vocabulary() {
        return ROOT.resolve("clip");
    }

    private static Path code() {
        try {
            Path code = Path.of(BundledFamilies.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            return Files.isDirectory(code)
                    ? code
                    : FileSystems.newFileSystem(code).getPath("/");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
