package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The metrics that docs/metrics.md promises, on a server that has generated an image. */
final class MetricsTest {

    @RegisterExtension
    static final UpServer UP = new UpServer();

    private static final Pattern ROW =
            Pattern.compile("\\| `(weir_[a-z_]+)`( \\*)? \\| (gauge|counter|histogram) \\| ([a-z, ]*)\\|.*");
    private static final Pattern TYPE = Pattern.compile("# TYPE (weir_[a-z_]+) ([a-z]+)");
    private static final Pattern METER = Pattern.compile("\"(weir\\.[a-z.]+)\"");
    private static final Pattern ASKED = Pattern.compile("\\b(weir_(?:stage|gateway|offers|bus)_[a-z_]+)\\b");
    private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"");

    private record Metric(String type, Set<String> labels, boolean fromTheFirst) {}

    @Test
    void theNamesTypesAndLabelsAreThoseOfTheTable() throws IOException {
        Map<String, Metric> documented = documented();
        assertThat(UP.server()
                        .generate(Map.of("prompt", "a red apple", "num_inference_steps", 2))
                        .join()
                        .status())
                .isEqualTo(200);
        String scrape = UP.server().text("/metrics");

        Map<String, String> types = TYPE.matcher(scrape)
                .results()
                .filter(match -> !match.group(1).endsWith("_max"))
                .collect(Collectors.toMap(match -> match.group(1), match -> match.group(2)));
        assertThat(documented.keySet()).containsAll(types.keySet());
        types.forEach((name, type) -> {
            assertThat(documented.get(name).type()).as(name).isEqualTo(type);
            assertThat(labels(scrape, name))
                    .as(name)
                    .isEqualTo(documented.get(name).labels());
        });
        Set<String> names = inTheSources();
        documented.forEach((name, metric) -> {
            String meter = name.replaceFirst("_(total|seconds)$", "").replace('_', '.');
            assertThat(types.containsKey(name) || metric.fromTheFirst() && names.contains(meter))
                    .as(name)
                    .isTrue();
        });
    }

    @Test
    void whatDashboardsAlertsAndTextsNameIsInTheTable() throws IOException {
        Map<String, Metric> documented = documented();
        Set<String> asked = new TreeSet<>();
        for (Path folder : List.of(Repository.ROOT.resolve("deploy"), Repository.ROOT.resolve("docs"))) {
            asked.addAll(found(folder, ".*\\.(json|ya?ml|md|tpl)", ASKED));
        }
        asked.removeIf(name -> documented.containsKey(name.replaceFirst("_(bucket|count|sum)$", "")));
        assertThat(asked).isEmpty();
    }

    /** The names in the code, for what there was nothing of to count. */
    private static Set<String> inTheSources() throws IOException {
        Set<String> names = found(Repository.ROOT.resolve("runtime/src/main"), ".*\\.java", METER);
        names.addAll(found(Repository.ROOT.resolve("gateway/src/main"), ".*\\.java", METER));
        return names;
    }

    private static Set<String> found(Path folder, String fileName, Pattern name) throws IOException {
        Set<String> names = new TreeSet<>();
        try (Stream<Path> files = Files.find(folder, 20, (file, is) -> is.isRegularFile())) {
            for (Path file : files.toList()) {
                if (file.getFileName().toString().matches(fileName)) {
                    name.matcher(Files.readString(file)).results().forEach(match -> names.add(match.group(1)));
                }
            }
        }
        return names;
    }

    private static Map<String, Metric> documented() throws IOException {
        return Files.readAllLines(Repository.ROOT.resolve("docs/metrics.md")).stream()
                .map(ROW::matcher)
                .filter(Matcher::matches)
                .collect(Collectors.toMap(
                        row -> row.group(1),
                        row -> new Metric(
                                row.group(3),
                                Stream.of(row.group(4).strip().split(", "))
                                        .filter(label -> !label.isEmpty())
                                        .collect(Collectors.toCollection(TreeSet::new)),
                                row.group(2) != null)));
    }

    /** Those of the metric's series, but for the bounds of a histogram's buckets. */
    private static Set<String> labels(String scrape, String name) {
        return scrape.lines()
                .filter(line -> line.matches(name + "(_bucket|_count|_sum)?[{ ].*"))
                .flatMap(line -> LABEL.matcher(line).results())
                .map(match -> match.group(1))
                .filter(label -> !label.equals("le"))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
