package dev.weir.cli;

import dev.weir.client.ImageFormat;
import dev.weir.engine.SystemReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Where pictures go. A name that was asked for is used as it is, also where a file is there already; a name that is made
 * from the prompt's words never is one that exists.
 */
final class OutputFiles {

    private static final int MAX_NAME_LENGTH = 60;

    private OutputFiles() {}

    /** Throws {@link CliException} where the name's ending is not that of a picture that Weir writes. */
    static ImageFormat format(Path out) {
        String name = out == null || Files.isDirectory(out) || WholeFile.isStream(out)
                ? ".png"
                : out.getFileName().toString().toLowerCase(Locale.ROOT);
        if (name.endsWith(".jpg") || name.endsWith(".jpeg")) {
            return ImageFormat.JPEG;
        }
        if (name.endsWith(".png")) {
            return ImageFormat.PNG;
        }
        if (name.endsWith(".webp")) {
            return ImageFormat.WEBP;
        }
        if (name.endsWith(".ply")) {
            return ImageFormat.PLY;
        }
        throw new CliException(
                CliException.USAGE,
                "--out: %s is neither a folder that exists nor a name that ends in .png, .jpg, .webp or .ply"
                        .formatted(out));
    }

    /** The same of a file that can be a picture only. */
    static ImageFormat formatOfPicture(Path out) {
        ImageFormat format = format(out);
        if (format == ImageFormat.PLY) {
            throw new CliException(
                    CliException.USAGE,
                    "--out: %s: an enlarged picture is no cloud of points. Give a name that ends in .png, .jpg or .webp"
                            .formatted(out));
        }
        return format;
    }

    /**
     * Throws {@link CliException} with the system's reason where a file cannot be written: before the work, not after it.
     *
     * @param parents whether to create the folders that the file is to lie in
     */
    static void requireWritable(String flag, Path file, boolean parents) {
        check(flag, file, parents, () -> WholeFile.probe(file));
    }

    /** Creates the folder where there is none, and throws {@link CliException} where no file can be written into it. */
    static void requireWritableFolder(String flag, Path folder, boolean parents) {
        check(flag, folder, parents, () -> {
            if (!Files.exists(folder)) {
                Files.createDirectory(folder);
            }
            WholeFile.probe(folder.resolve("frame"));
        });
    }

    private interface Check {
        void run() throws IOException;
    }

    private static void check(String flag, Path asked, boolean parents, Check check) {
        Path folder = asked.toAbsolutePath().getParent();
        try {
            if (parents) {
                Files.createDirectories(folder);
            }
            check.run();
        } catch (IOException e) {
            boolean isMissing = !Files.exists(folder) && !parents;
            String why = isMissing
                    ? "there is no folder %s: create it, or add --parents".formatted(folder)
                    : SystemReason.of(e);
            throw new CliException(CliException.USAGE, "%s: %s cannot be written: %s".formatted(flag, asked, why), e);
        }
    }

    static void write(Path file, byte[] content) {
        try {
            WholeFile.write(file, content);
        } catch (IOException e) {
            throw new CliException(
                    CliException.FAILED, "%s cannot be written: %s".formatted(file, SystemReason.of(e)), e);
        }
    }

    /** @param out a file, a folder that exists, or null for the present folder */
    static List<Path> choose(Path out, String prompt, int count) {
        if (out != null && !Files.isDirectory(out)) {
            if (count > 1 && WholeFile.isStream(out)) {
                throw new CliException(CliException.USAGE, "--out: %s takes one image, not %d".formatted(out, count));
            }
            return numbered(out, count);
        }
        Path folder = out == null ? Path.of("") : out;
        return IntStream.iterate(1, i -> i + 1)
                .mapToObj(i -> numbered(folder.resolve(words(prompt) + (i == 1 ? "" : "-" + i) + ".png"), count))
                .filter(files -> files.stream().noneMatch(Files::exists))
                .findFirst()
                .orElseThrow();
    }

    /** {@code apple.png} for one, {@code apple-1.png}, {@code apple-2.png} … for several. */
    private static List<Path> numbered(Path file, int count) {
        if (count == 1) {
            return List.of(file);
        }
        String name = file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        return IntStream.rangeClosed(1, count)
                .mapToObj(i -> file.resolveSibling(name.substring(0, dot) + "-" + i + name.substring(dot)))
                .toList();
    }

    private static String words(String prompt) {
        String ascii = Normalizer.normalize(prompt, Normalizer.Form.NFD).replaceAll("\\p{M}", "");
        String words =
                ascii.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
        if (words.length() > MAX_NAME_LENGTH) {
            int end = words.lastIndexOf('-', MAX_NAME_LENGTH);
            words = words.substring(0, end > 0 ? end : MAX_NAME_LENGTH);
        }
        return words.isEmpty() ? "image" : words;
    }
}
