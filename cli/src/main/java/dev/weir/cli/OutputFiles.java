package dev.weir.cli;

import dev.weir.client.ImageFormat;
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
        String name = out == null || Files.isDirectory(out)
                ? ".png"
                : out.getFileName().toString().toLowerCase(Locale.ROOT);
        if (name.endsWith(".jpg") || name.endsWith(".jpeg")) {
            return ImageFormat.JPEG;
        }
        if (name.endsWith(".png")) {
            return ImageFormat.PNG;
        }
        throw new CliException(CliException.USAGE, "--out: " + out + " ends neither in .png nor in .jpg");
    }

    /** Throws {@link CliException} where a file could not be written there: before the work is done, and not after. */
    static void requireWritable(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        while (folder != null && !Files.exists(folder)) {
            folder = folder.getParent();
        }
        if (folder == null || !Files.isDirectory(folder) || !Files.isWritable(folder)) {
            throw new CliException(CliException.USAGE, file + " cannot be written: " + folder + " is not open to you");
        }
    }

    /** @param out a file, a folder that exists, or null for the present folder */
    static List<Path> choose(Path out, String prompt, int count) {
        if (out != null && !Files.isDirectory(out)) {
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
        return words.isEmpty() ? "picture" : words;
    }
}
