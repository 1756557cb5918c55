package dev.weir.tests;

import java.nio.file.Files;
import java.nio.file.Path;

/** Paths in the tested checkout. */
public final class Repository {

    public static final Path ROOT = root();
    public static final Path DEFAULT_MODEL = ROOT.resolve("models/default");
    public static final Path TARGET = ROOT.resolve("tests/target");

    private Repository() {}

    private static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("weir"))) {
            folder = folder.getParent();
        }
        return folder;
    }
}
