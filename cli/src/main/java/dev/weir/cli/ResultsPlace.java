package dev.weir.cli;

import dev.weir.gateway.GatewayConfig.Results;
import dev.weir.gateway.GatewayConfig.Results.Bucket;
import dev.weir.gateway.GatewayConfig.Results.Folder;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads where finished images go: a folder, or a bucket of S3. */
final class ResultsPlace {

    /** A bucket's name as S3 has it, and a prefix. */
    private static final Pattern BUCKET = Pattern.compile("s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?");

    private ResultsPlace() {}

    /**
     * Reads both options. Either may be null.
     *
     * @throws IllegalArgumentException that names the option which is wrong
     */
    static Optional<Results> parse(String place, String endpoint) {
        if (place == null || !place.startsWith("s3:")) {
            if (endpoint != null) {
                throw new IllegalArgumentException("--results-endpoint: it is for --results s3://BUCKET/PREFIX only");
            }
            return Optional.ofNullable(place).map(ResultsPlace::folder);
        }
        Matcher parts = BUCKET.matcher(place);
        if (!parts.matches()) {
            throw new IllegalArgumentException("--results: a bucket is s3://BUCKET/PREFIX, and not " + place);
        }
        String prefix = Optional.ofNullable(parts.group(2)).orElse("");
        String folder = prefix.isEmpty() || prefix.endsWith("/") ? prefix : prefix + "/";
        return Optional.of(
                new Bucket(parts.group(1), folder, Optional.ofNullable(endpoint).map(ResultsPlace::server)));
    }

    private static Results folder(String given) {
        try {
            Path folder = Path.of(given);
            if (Files.isDirectory(folder) && Files.isWritable(folder)) {
                return new Folder(folder);
            }
        } catch (InvalidPathException notAPath) {
            // Refused below.
        }
        throw new IllegalArgumentException("--results: %s is no folder that can be written".formatted(given));
    }

    private static URI server(String given) {
        try {
            URI server = URI.create(given);
            if (("http".equals(server.getScheme()) || "https".equals(server.getScheme())) && server.getHost() != null) {
                return server;
            }
        } catch (IllegalArgumentException notAUrl) {
            // Refused below.
        }
        throw new IllegalArgumentException("--results-endpoint: a URL is http://HOST:PORT, and not " + given);
    }
}
