package dev.weir.cli;

import dev.weir.engine.SystemReason;
import dev.weir.gateway.GatewayConfig.Storage;
import dev.weir.runtime.store.StoreConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Where a gateway stores its jobs and finished images. */
final class StorageOptions {

    @Option(
            names = "--store",
            paramLabel = "URL",
            description =
                    "A PostgreSQL database for jobs, postgresql://user@host:port/database, so that they outlive the loss "
                            + "of all nodes. The same at all gateways of a cluster. See docs/reliability.md. Default: the memory of "
                            + "the cluster's nodes.")
    private String url;

    @Option(
            names = "--store-password",
            paramLabel = "PASSWORD",
            description = "Its password. Better in the variable WEIR_STORE_PASSWORD, which others do not see.")
    private String password;

    @Option(
            names = "--store-password-file",
            paramLabel = "FILE",
            description = "A file with its password, such as a secret of Compose or Kubernetes.")
    private Path passwordFile;

    @Option(
            names = "--results",
            paramLabel = "PLACE",
            description =
                    "A folder or a bucket (s3://BUCKET/PREFIX) for finished images, so that they outlive their gateway. All "
                            + "gateways of a cluster may share it. See docs/reliability.md. Default: their memory.")
    private String results;

    @Option(
            names = "--results-endpoint",
            paramLabel = "URL",
            description = "The server of the bucket, if it is not AWS: http://minio:9000")
    private String endpoint;

    /** Throws {@link IllegalArgumentException} that names the option which is wrong. */
    Storage config() {
        return new Storage(Optional.ofNullable(url).map(this::store), ResultsPlace.parse(results, endpoint));
    }

    private StoreConfig store(String given) {
        try {
            return StoreConfig.parse(given, password());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--store: " + e.getMessage(), e);
        }
    }

    private String password() {
        if (password != null || passwordFile == null) {
            return Optional.ofNullable(password).orElse("");
        }
        try {
            return Files.readString(passwordFile).stripTrailing();
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "its password's file %s cannot be read: %s".formatted(passwordFile, SystemReason.of(e)), e);
        }
    }
}
