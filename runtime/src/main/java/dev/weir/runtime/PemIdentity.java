package dev.weir.runtime;

import io.vertx.core.net.PemKeyCertOptions;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import javax.net.ssl.X509KeyManager;

/**
 * The certificate that a server or a node presents, and its key. Immutable.
 *
 * @param certificate followed by its chain
 * @param key of the certificate, without a password
 */
public record PemIdentity(PemFile certificate, PemFile key) {

    /** Throws {@link IllegalArgumentException} that names the file which is wrong. */
    public PemIdentity requirePair() {
        if (key.content().toString().contains("ENCRYPTED")) {
            throw new IllegalArgumentException(
                    "%s: %s is encrypted, and must be a key without a password".formatted(key.setting(), key.path()));
        }
        X509Certificate own = certificate.certificates().get(0);
        boolean belong;
        try {
            String kind = own.getPublicKey().getAlgorithm();
            X509KeyManager manager =
                    (X509KeyManager) options().getKeyManagerFactory(null).getKeyManagers()[0];
            String[] aliases = manager.getServerAliases(kind, null);
            belong = aliases != null && belong(manager.getPrivateKey(aliases[0]), own);
        } catch (Exception e) {
            // The JDK refuses an EC certificate with an RSA key itself.
            if (String.valueOf(e.getMessage()).contains("does not match algorithm of public key")) {
                throw isNotTheKey();
            }
            throw new IllegalArgumentException(
                    "%s: %s holds no PEM key that is not encrypted: %s"
                            .formatted(key.setting(), key.path(), e.getMessage()),
                    e);
        }
        if (!belong) {
            throw isNotTheKey();
        }
        return this;
    }

    private IllegalArgumentException isNotTheKey() {
        return new IllegalArgumentException(
                "%s: %s is not the key of %s".formatted(key.setting(), key.path(), certificate.path()));
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

    public PemKeyCertOptions options() {
        return new PemKeyCertOptions().addCertValue(certificate.content()).addKeyValue(key.content());
    }
}
