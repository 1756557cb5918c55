package dev.weir.runtime.store;

import io.vertx.core.Vertx;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.SslMode;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A PostgreSQL database in which gateways store what they must not lose. Its text form has no password.
 *
 * @param password empty: none
 * @param authority the file of certificates that must have signed the server's certificate, for {@code verify-ca} and
 *     {@code verify-full}
 */
public record StoreConfig(
        String host,
        int port,
        String user,
        String database,
        String password,
        SslMode sslMode,
        Optional<String> authority) {

    /** Names of services in Compose files may have underscores, which {@link java.net.URI} does not take as a host. */
    private static final Pattern URL = Pattern.compile(
            "postgres(?:ql)?://(?:(?<user>[^@/]*)@)?"
                    + "(?:\\[(?<ip6>[^]]+)]|(?<host>[^:/@?\\[\\]]+))(?::(?<port>\\d{1,5}))?/(?<database>[^?/]+)(?:\\?(?<query>.*))?");

    private static final String FORM =
            "a store is postgresql://USER@HOST[:PORT]/DATABASE[?sslmode=MODE&sslrootcert=FILE]";
    private static final String SSL_MODE = "sslmode";
    private static final String AUTHORITY = "sslrootcert";

    public StoreConfig {
        boolean verifies = sslMode == SslMode.VERIFY_CA || sslMode == SslMode.VERIFY_FULL;
        if (verifies != authority.isPresent()) {
            throw new IllegalArgumentException(
                    "sslmode=verify-ca and verify-full need sslrootcert=FILE; others take none");
        }
    }

    /**
     * Reads a URL, with libpq's parameters {@code sslmode} (without it {@code prefer}) and {@code sslrootcert}.
     *
     * @throws IllegalArgumentException with a reason that does not contain the URL, which may have a password
     */
    public static StoreConfig parse(String url, String password) {
        Matcher parts = URL.matcher(url);
        if (!parts.matches() || parts.group("user") == null) {
            throw new IllegalArgumentException(FORM);
        }
        if (parts.group("user").contains(":")) {
            throw new IllegalArgumentException("its password must not be in the URL, where others can read it. "
                    + "Put it in the variable WEIR_STORE_PASSWORD, or in a file for --store-password-file");
        }
        Map<String, String> parameters = parameters(parts.group("query"));
        if (!parameters.keySet().stream().allMatch(name -> name.equals(SSL_MODE) || name.equals(AUTHORITY))) {
            throw new IllegalArgumentException(FORM);
        }
        return new StoreConfig(
                Optional.ofNullable(parts.group("host")).orElse(parts.group("ip6")),
                Optional.ofNullable(parts.group("port")).map(Integer::parseInt).orElse(PgConnectOptions.DEFAULT_PORT),
                decode(parts.group("user")),
                decode(parts.group("database")),
                password,
                sslMode(parameters.getOrDefault(SSL_MODE, SslMode.PREFER.value)),
                Optional.ofNullable(parameters.get(AUTHORITY)));
    }

    private static SslMode sslMode(String name) {
        return Arrays.stream(SslMode.values())
                .filter(mode -> mode.value.equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("sslmode is "
                        + Arrays.stream(SslMode.values())
                                .map(mode -> mode.value)
                                .collect(Collectors.joining(", "))
                        + ", not " + name));
    }

    private static Map<String, String> parameters(String query) {
        Map<String, String> parameters = new TreeMap<>();
        for (String pair : query == null ? new String[0] : query.split("&")) {
            String[] parts = pair.split("=", 2);
            parameters.put(parts[0], parts.length == 1 ? "" : decode(parts[1]));
        }
        return parameters;
    }

    private static String decode(String part) {
        return URLDecoder.decode(part, StandardCharsets.UTF_8);
    }

    /** @param limitMs after which the server gives up a statement */
    PgConnectOptions toOptions(long limitMs) {
        PgConnectOptions options = new PgConnectOptions()
                .setHost(host)
                .setPort(port)
                .setUser(user)
                .setDatabase(database)
                .setPassword(password)
                .setCachePreparedStatements(true)
                .setSslMode(sslMode)
                .addProperty("application_name", "weir")
                .addProperty("statement_timeout", Long.toString(limitMs));
        return sslMode == SslMode.DISABLE ? options : options.setSslOptions(ssl());
    }

    /** Why the file of authorities cannot be used; empty if it can, or if there is none. Reads it at once. */
    Optional<String> unreadable(Vertx vertx) {
        if (authority.isEmpty()) {
            return Optional.empty();
        }
        try {
            ssl().getTrustOptions().getTrustManagerFactory(vertx);
            return Optional.empty();
        } catch (Exception e) {
            return Optional.of(
                    "the certificates of sslrootcert=%s cannot be read: %s".formatted(authority.get(), e.getMessage()));
        }
    }

    /** As libpq does: without a file of authorities, the connection is encrypted and the server is not checked. */
    private ClientSSLOptions ssl() {
        ClientSSLOptions ssl =
                new ClientSSLOptions().setHostnameVerificationAlgorithm(sslMode == SslMode.VERIFY_FULL ? "HTTPS" : "");
        return authority
                .map(file -> ssl.setTrustOptions(new PemTrustOptions().addCertPath(file)))
                .orElseGet(() -> ssl.setTrustAll(true));
    }

    @Override
    public String toString() {
        return "postgresql://%s@%s:%d/%s".formatted(user, host.contains(":") ? "[" + host + "]" : host, port, database);
    }
}
