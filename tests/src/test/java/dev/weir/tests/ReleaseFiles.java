package dev.weir.tests;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * The files of a release, as {@code cli/src/dist/release.xml} lists them. The build's profile {@code dist} packs them. This reads the
 * patterns by the rules of Java's globs, and not by those of Maven's assembly plugin. They differ for patterns that this list does not use:
 * {@code docs/**} also names {@code docs} in Maven. Packing 270 MB in each build would take too long.
 */
final class ReleaseFiles {

    private static final String LAUNCHER = "weir";

    private ReleaseFiles() {}

    /** Lays a release out with links to the files of this checkout, and returns their names. */
    static List<String> linkInto(Path release) throws Exception {
        NodeList sets = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(Repository.ROOT.resolve("cli/src/dist/release.xml").toFile())
                .getElementsByTagName("fileSet");
        List<String> names = new ArrayList<>();
        for (int i = 0; i < sets.getLength(); i++) {
            Element set = (Element) sets.item(i);
            Path folder = Path.of(texts(set, "directory").get(0).replace("${root.dir}", Repository.ROOT.toString()));
            Path target = Path.of(texts(set, "outputDirectory").get(0));
            for (Path name : files(folder, texts(set, "include"), texts(set, "exclude"))) {
                Path packed = target.resolve(name).normalize();
                names.add(packed.toString());
                link(folder.resolve(name), release.resolve(packed));
            }
        }
        return names;
    }

    /** The launcher would follow a link to its checkout. */
    private static void link(Path file, Path link) throws IOException {
        Files.createDirectories(link.getParent());
        if (link.endsWith(LAUNCHER)) {
            Files.copy(file, link, StandardCopyOption.COPY_ATTRIBUTES);
        } else {
            Files.createSymbolicLink(link, file);
        }
    }

    private static List<Path> files(Path folder, List<String> includes, List<String> excludes) throws IOException {
        List<Path> found = new ArrayList<>();
        for (String include : includes) {
            Path start = folder.resolve(include.replaceFirst("(^|/)[^/]*\\*.*", ""));
            if (Files.exists(start)) {
                try (Stream<Path> files = Files.walk(start)) {
                    files.filter(Files::isRegularFile)
                            .map(folder::relativize)
                            .filter(name ->
                                    matches(include, name) && excludes.stream().noneMatch(e -> matches(e, name)))
                            .forEach(found::add);
                }
            }
        }
        return found;
    }

    private static boolean matches(String pattern, Path name) {
        PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
        return matcher.matches(name);
    }

    private static List<String> texts(Element set, String tag) {
        NodeList elements = set.getElementsByTagName(tag);
        return IntStream.range(0, elements.getLength())
                .mapToObj(i -> elements.item(i).getTextContent().strip())
                .toList();
    }
}
