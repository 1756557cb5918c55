package dev.weir.tests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/** The tiny models whose networks see a picture beside their sample. They share parts with another checkpoint. */
public final class BesideModels {

    private static final Path REFERENCE = Repository.ROOT.resolve("engine/src/test/resources/reference");

    /** Their pictures and what diffusers makes of them. */
    public static final Path HOME = REFERENCE.resolve("beside");

    private BesideModels() {}

    /** A whole model, in a folder of its name. */
    public static Path in(Path folder, String name) throws IOException {
        Path model = folder.resolve(name);
        for (Path source : List.of(REFERENCE.resolve("checkpoints/sd1"), HOME.resolve(name))) {
            try (Stream<Path> files = Files.walk(source)) {
                for (Path file : files.toList()) {
                    Path target = model.resolve(source.relativize(file).toString());
                    if (Files.isDirectory(file)) {
                        Files.createDirectories(target);
                    } else {
                        Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
                    }
                }
            }
        }
        return model;
    }
}
