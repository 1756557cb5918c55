package dev.weir.gateway.job;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The digest that names files and requests. Stateless; any thread. */
public final class Sha256 {

    private Sha256() {}

    /** Of parts, one after the other. */
    public static byte[] of(byte[]... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (byte[] part : parts) {
                digest.update(part);
            }
            return digest.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
