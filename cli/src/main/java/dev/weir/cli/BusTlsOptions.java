package dev.weir.cli;

import dev.weir.runtime.BusTls;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** The certificates of the event bus. */
final class BusTlsOptions {

    @Option(
            names = "--bus-tls-cert",
            paramLabel = "FILE",
            description =
                    "The PEM certificate of this node. It turns on mutual TLS for the event bus, between nodes with "
                            + "a certificate of --bus-tls-ca; see docs/security.md.")
    private Path certificate;

    @Option(names = "--bus-tls-key", paramLabel = "FILE", description = "PEM key of that certificate.")
    private Path key;

    @Option(
            names = "--bus-tls-ca",
            paramLabel = "FILE",
            description =
                    "The PEM certificate of the cluster's own authority. Every holder of one of its certificates is "
                            + "accepted as a node.")
    private Path authority;

    /** Throws {@link CliException} if only some of the three files are given. */
    Optional<BusTls> toConfig() {
        long given =
                Stream.of(certificate, key, authority).filter(Objects::nonNull).count();
        if (given == 0) {
            return Optional.empty();
        }
        if (given < 3) {
            throw new CliException(
                    CliException.USAGE,
                    "--bus-tls-cert, --bus-tls-key and --bus-tls-ca go together: give all three or none");
        }
        return Optional.of(new BusTls(certificate, key, authority));
    }
}
