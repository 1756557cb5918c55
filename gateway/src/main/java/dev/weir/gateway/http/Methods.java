package dev.weir.gateway.http;

import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which methods a path has. Event loop of its router. */
public final class Methods {

    private final Router router;

    Methods(Router router) {
        this.router = router;
    }

    /** As the {@code Allow} header names them; empty for a path that is not served. */
    String allowed(String path) {
        Set<String> methods = router.getRoutes().stream()
                .filter(route -> serves(route, path))
                .flatMap(route -> Stream.ofNullable(route.methods()).flatMap(Set::stream))
                .map(HttpMethod::name)
                .collect(Collectors.toCollection(TreeSet::new));
        if (!methods.isEmpty()) {
            methods.add(HttpMethod.OPTIONS.name());
        }
        return String.join(", ", methods);
    }

    private static boolean serves(Route route, String path) {
        if (route.getPath() == null) {
            return false;
        }
        String form = Stream.of(route.getPath().split("/", -1))
                .map(segment -> segment.startsWith(":") ? "[^/]+" : Pattern.quote(segment))
                .collect(Collectors.joining("/"));
        return path.matches(form + (route.isExactPath() ? "/?" : ".+"));
    }

    /** A route for what is read, with and without its body. */
    public static Route get(Router router, String path) {
        return router.route(path).method(HttpMethod.GET).method(HttpMethod.HEAD);
    }
}
