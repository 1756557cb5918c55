package dev.weir.runtime;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import javax.net.ssl.X509KeyManager;

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
    public void secure(EventBusOptions bus) throws IOException {
        bus.setSsl(true)
                .setKeyCertOptions(identity())
                .setTrustOptions(new PemTrustOptions().addCertValue(read(authority)))
                .setClientAuth(ClientAuth.REQUIRED)
                .setTrustAll(false)
                .setEnabledSecureTransportProtocols(PROTOCOLS);
    }

    /** Problems that would prevent this node from talking to others, each with the name of its setting. */
    List<String> problems() {
        List<String> problems = new ArrayList<>();
        Optional<List<X509Certificate>> chain = certificates("bus-tls-cert", certificate, problems);
        Optional<List<X509Certificate>> authorities = certificates("bus-tls-ca", authority, problems);
        if (chain.isPresent()) {
            keyProblem(chain.get().get(0)).ifPresent(problems::add);
            authorities.flatMap(known -> chainProblem(chain.get(), known)).ifPresent(problems::add);
        }
        return problems;
    }

    private static Optional<List<X509Certificate>> certificates(String setting, Path file, List<String> problems) {
        try {
            List<X509Certificate> found =
                    x509()
                            .generateCertificates(
                                    new ByteArrayInputStream(read(file).getBytes()))
                            .stream()
                            .map(X509Certificate.class::cast)
                            .toList();
            if (!found.isEmpty()) {
                return Optional.of(found);
            }
            problems.add("%s: %s holds no certificate".formatted(setting, file));
        } catch (IOException e) {
            problems.add("%s: %s cannot be read".formatted(setting, file));
        } catch (GeneralSecurityException e) {
            problems.add("%s: %s holds no PEM certificate: %s".formatted(setting, file, e.getMessage()));
        }
        return Optional.empty();
    }

    private Optional<String> keyProblem(X509Certificate own) {
        try {
            String kind = own.getPublicKey().getAlgorithm();
            X509KeyManager manager =
                    (X509KeyManager) identity().getKeyManagerFactory(null).getKeyManagers()[0];
            String[] aliases = manager.getServerAliases(kind, null);
            return aliases != null && belong(manager.getPrivateKey(aliases[0]), own)
                    ? Optional.empty()
                    : Optional.of("bus-tls-key: %s is not the key of %s".formatted(key, certificate));
        } catch (IOException e) {
            return Optional.of("bus-tls-key: %s cannot be read".formatted(key));
        } catch (Exception e) {
            return Optional.of(
                    "bus-tls-key: %s holds no PEM key that is not encrypted: %s".formatted(key, e.getMessage()));
        }
    }

    private static boolean belong(PrivateKey secret, X509Certificate own) throws GeneralSecurityException {
        Signature signature = Signature.getInstance(
                switch (secret.getAlgorithm()) {
                    case "RSA" -> "SHA256withRSA";
                    case "EC" -> "SHA256withECDSA";
                    default -> secret.getAlgorithm();
                });
        signature.initSign(secret);
        byte[] proof = signature.sign();
        signature.initVerify(own);
        return signature.verify(proof);
    }

    private Optional<String> chainProblem(List<X509Certificate> chain, List<X509Certificate> authorities) {
        try {
            PKIXParameters trust = new PKIXParameters(
                    authorities.stream().map(ca -> new TrustAnchor(ca, null)).collect(Collectors.toSet()));
            trust.setRevocationEnabled(false);
            CertPathValidator.getInstance("PKIX").validate(x509().generateCertPath(chain), trust);
            return Optional.empty();
        } catch (GeneralSecurityException e) {
            return Optional.of("bus-tls-cert: %s is not one that %s vouches for today: %s"
                    .formatted(certificate, authority, e.getMessage()));
        }
    }

    private PemKeyCertOptions identity() throws IOException {
        return new PemKeyCertOptions().addCertValue(read(certificate)).addKeyValue(read(key));
    }

    private static Buffer read(Path file) throws IOException {
        return Buffer.buffer(Files.readAllBytes(file));
    }

    private static CertificateFactory x509() throws GeneralSecurityException {
        return CertificateFactory.getInstance("X.509");
    }
}
