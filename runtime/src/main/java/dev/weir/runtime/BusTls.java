package dev.weir.runtime;

import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.net.PemTrustOptions;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * The PEM files for mutual TLS on the event bus. Both sides of a connection present a certificate.
 *
 * <p>Every holder of a certificate of the authority is accepted as a node of the cluster. Host names are not checked,
 * because the addresses of nodes are not known when certificates are made. So the authority must belong to this cluster
 * alone. Files are read at start.
 *
 * @param certificate of this node, followed by its chain
 * @param key of the certificate, without a password
 * @param authority whose certificates are accepted
 */
public record BusTls(Path certificate, Path key, Path authority) {

    private static final Set<String> PROTOCOLS = Set.of("TLSv1.3");

    /** Configures the bus to use TLS only. */
    public void secure(EventBusOptions bus) {
        bus.setSsl(true)
                .setKeyCertOptions(identity().options())
                .setTrustOptions(
                        new PemTrustOptions().addCertValue(authorityFile().content()))
                .setClientAuth(ClientAuth.REQUIRED)
                .setTrustAll(false)
                .setEnabledSecureTransportProtocols(PROTOCOLS);
    }

    /** Problems that would prevent this node from talking to others, each with the name of its setting. */
    List<String> problems() {
        List<String> problems = new ArrayList<>();
        Optional<List<X509Certificate>> chain =
                unless(problems, () -> certificateFile().certificates());
        Optional<List<X509Certificate>> authorities =
                unless(problems, () -> authorityFile().certificates());
        if (chain.isPresent()) {
            unless(problems, () -> identity().requirePair());
            authorities.flatMap(known -> chainProblem(chain.get(), known)).ifPresent(problems::add);
        }
        return problems;
    }

    private static <T> Optional<T> unless(List<String> problems, Supplier<T> read) {
        try {
            return Optional.of(read.get());
        } catch (IllegalArgumentException e) {
            problems.add(e.getMessage());
            return Optional.empty();
        }
    }

    private Optional<String> chainProblem(List<X509Certificate> chain, List<X509Certificate> authorities) {
        try {
            PKIXParameters trust = new PKIXParameters(
                    authorities.stream().map(ca -> new TrustAnchor(ca, null)).collect(Collectors.toSet()));
            trust.setRevocationEnabled(false);
            CertPathValidator.getInstance("PKIX")
                    .validate(CertificateFactory.getInstance("X.509").generateCertPath(chain), trust);
            return Optional.empty();
        } catch (GeneralSecurityException e) {
            return Optional.of("bus-tls-cert: %s is not one that %s vouches for today: %s"
                    .formatted(certificate, authority, e.getMessage()));
        }
    }

    private PemFile certificateFile() {
        return PemFile.read("bus-tls-cert", certificate);
    }

    private PemFile authorityFile() {
        return PemFile.read("bus-tls-ca", authority);
    }

    private PemIdentity identity() {
        return new PemIdentity(certificateFile(), PemFile.read("bus-tls-key", key));
    }
}
