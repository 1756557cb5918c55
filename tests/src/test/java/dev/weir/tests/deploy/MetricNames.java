package dev.weir.tests.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.tests.Repository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** The metrics of Weir that the files in deploy/ use, and whether a node serves them. */
final class MetricNames {

    private static final Path DEPLOY = Repository.ROOT.resolve("deploy");
    private static final Path DASHBOARD = DEPLOY.resolve("grafana/dashboards/weir.json");
    private static final List<Path> ASKING = List.of(
            DASHBOARD, DEPLOY.resolve("prometheus/rules.yml"), DEPLOY.resolve("kubernetes/autoscaling/adapter.yaml"));
    private static final Pattern NAME = Pattern.compile(
            "\\b(weir_(stage|gateway|bus|offers|memory)[a-z_]*|jvm_[a-z_]+|process_[a-z_]+|system_[a-z_]+)\\b");

    private MetricNames() {}

    static Set<String> asked() throws IOException {
        Set<String> names = new TreeSet<>();
        for (Path file : ASKING) {
            NAME.matcher(Files.readString(file)).results().forEach(found -> names.add(found.group(1)));
        }
        return names;
    }

    static List<String> dashboardExpressions() throws IOException {
        List<String> expressions = new ArrayList<>();
        for (JsonNode panel : new ObjectMapper().readTree(DASHBOARD.toFile()).path("panels")) {
            panel.path("targets")
                    .forEach(target -> expressions.add(target.path("expr").asText()));
        }
        return expressions;
    }

    /** Served now, or listed in docs/metrics.md as appearing when it is first counted. */
    static boolean isServed(String name, String metrics) throws IOException {
        return metrics.lines().anyMatch(line -> line.matches(Pattern.quote(name) + "[{ ].*"))
                || Files.readString(Repository.ROOT.resolve("docs/metrics.md")).contains("`" + name + "` *");
    }
}
