package dev.weir.gateway.replicate;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The secret of a cluster, from which each user has one that signs the webhooks of that user, as Standard Webhooks describes. No user learns
 * that of another one. Immutable.
 */
public final class WebhookSecret {

    private static final String PREFIX = "whsec_";
    private static final String HMAC = "HmacSHA256";
    private static final int LEAST_BYTES = 32;

    private final byte[] cluster;

    private WebhookSecret(byte[] cluster) {
        this.cluster = cluster;
    }

    /** Reads the file at once. Throws {@link IllegalArgumentException} if that does not work. */
    public static WebhookSecret of(Path file) {
        byte[] content;
        try {
            content = Files.readString(file).strip().getBytes(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalArgumentException("--webhook-secret: %s cannot be read: %s".formatted(file, e), e);
        }
        if (content.length < LEAST_BYTES) {
            throw new IllegalArgumentException(
                    "--webhook-secret: %s must have at least %d random characters".formatted(file, LEAST_BYTES));
        }
        return new WebhookSecret(content);
    }

    /** What a user verifies signatures with. @param user empty at a gateway without keys */
    String shown(String user) {
        return PREFIX + Base64.getEncoder().encodeToString(of(user));
    }

    private byte[] of(String user) {
        return hmac(cluster, "webhooks of " + user);
    }

    /** The header {@code webhook-signature}. */
    String signature(String user, String id, long seconds, String body) {
        return "v1," + Base64.getEncoder().encodeToString(hmac(of(user), id + "." + seconds + "." + body));
    }

    private static byte[] hmac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance(HMAC);
            mac.init(new SecretKeySpec(key, HMAC));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has " + HMAC, e);
        }
    }
}
