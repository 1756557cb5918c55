package dev.weir.runtime;

import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * A PEM file that a setting names, as it was when it was read. Problems are {@link IllegalArgumentException}s that name the setting and
 * the file. Immutable.
 */
public record PemFile(String setting, Path path, Buffer content) {

    public static PemFile read(String setting, Path path) {
        try {
            return new PemFile(setting, path, Buffer.buffer(Files.readAllBytes(path)));
        } catch (IOException e) {
            throw new IllegalArgumentException("%s: %s cannot be read".formatted(setting, path), e);
        }
    }

    /** The same file with other content. */
    public PemFile with(byte[] newContent) {
        return new PemFile(setting, path, Buffer.buffer(newContent));
    }

    /** At least one. */
    public List<X509Certificate> certificates() {
        List<X509Certificate> found;
        try {
            found =
                    CertificateFactory.getInstance("X.509")
                            .generateCertificates(new ByteArrayInputStream(content.getBytes()))
                            .stream()
                            .map(X509Certificate.class::cast)
                            .toList();
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    "%s: %s holds no PEM certificate: %s".formatted(setting, path, e.getMessage()), e);
        }
        if (found.isEmpty()) {
            throw new IllegalArgumentException("%s: %s holds no certificate".formatted(setting, path));
        }
        return found;
    }
}
