package dev.weir.tests.deploy;

import dev.weir.tests.Repository;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.Yaml;

/** The services of deploy/docker-compose.yml, with the defaults of its variables. */
record ComposeFile(Map<String, Service> services) {

    static final Path PATH = Repository.ROOT.resolve("deploy/docker-compose.yml");

    private static final Pattern VARIABLE = Pattern.compile("\\$\\{[A-Z_]+:-([^}]*)}");

    /**
     * @param volumes by the path in the container: paths of this checkout, or names of the engine's volumes
     * @param names by which others on its networks find it
     */
    record Service(
            String name,
            String image,
            List<String> command,
            Map<String, String> environment,
            Set<String> dependsOn,
            List<String> healthcheck,
            Map<String, String> volumes,
            List<String> tmpfs,
            Set<String> names,
            int replicas,
            Map<String, Object> all) {

        boolean isNode() {
            return image.startsWith("weir:");
        }
    }

    static ComposeFile read() throws IOException {
        try (Reader text = Files.newBufferedReader(PATH)) {
            Map<String, Object> root = new Yaml().load(text);
            Map<String, Service> services = new LinkedHashMap<>();
            map(root.get("services")).forEach((name, service) -> services.put(name, service(name, map(service))));
            return new ComposeFile(services);
        }
    }

    /** The path of a folder of the checkout that the file names. */
    static Path source(String volume) {
        return PATH.resolveSibling(volume).normalize();
    }

    /** In an order in which each service comes after those that it depends on. */
    List<Service> inOrder() {
        List<Service> order = new ArrayList<>();
        services.values().forEach(service -> visit(service, order));
        return order;
    }

    private void visit(Service service, List<Service> order) {
        service.dependsOn().forEach(name -> visit(services.get(name), order));
        if (!order.contains(service)) {
            order.add(service);
        }
    }

    private static Service service(String name, Map<String, Object> all) {
        Map<String, String> environment = new LinkedHashMap<>();
        map(all.get("environment")).forEach((key, value) -> environment.put(key, filled(value)));
        Map<String, String> volumes = new LinkedHashMap<>();
        for (String volume : strings(all.get("volumes"))) {
            String[] parts = volume.split(":");
            volumes.put(parts[1], parts[0]);
        }
        Set<String> names = new TreeSet<>(Set.of(name));
        if (all.get("networks") instanceof Map<?, ?> networks) {
            networks.values()
                    .forEach(network -> names.addAll(strings(map(network).get("aliases"))));
        }
        List<String> test = strings(map(all.get("healthcheck")).get("test"));
        Object replicas = map(all.get("deploy")).getOrDefault("replicas", 1);
        return new Service(
                name,
                filled(all.get("image")),
                strings(all.get("command")),
                environment,
                map(all.get("depends_on")).keySet(),
                test.isEmpty() ? test : test.subList(1, test.size()),
                volumes,
                strings(all.get("tmpfs")),
                names,
                (int) replicas,
                all);
    }

    private static String filled(Object value) {
        return VARIABLE.matcher(String.valueOf(value)).replaceAll(m -> Matcher.quoteReplacement(m.group(1)));
    }

    private static List<String> strings(Object list) {
        return list instanceof List<?> many
                ? many.stream().map(ComposeFile::filled).toList()
                : List.of();
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(Object value) {
        return value == null ? Map.of() : (Map<String, Object>) value;
    }
}
