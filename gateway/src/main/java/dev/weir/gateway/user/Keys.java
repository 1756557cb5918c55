package dev.weir.gateway.user;

import dev.weir.gateway.job.Sha256;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * API keys by their SHA-256. A key has 256 random bits, so nobody can find it by trying, and a slow hash would only delay each
 * request. Immutable.
 */
public final class Keys {

    private static final String PREFIX = "weir_";
    private static final int BYTES = 32;

    /** A key and its user. */
    record Entry(byte[] sha256, User user) {}

    private final List<Entry> entries;

    Keys(List<Entry> entries) {
        this.entries = List.copyOf(entries);
    }

    /** A new key, in characters that URLs, headers and WebSocket protocols may have. */
    public static String random() {
        byte[] secret = new byte[BYTES];
        new SecureRandom().nextBytes(secret);
        return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
    }

    /** What a file of keys has instead of a key. */
    public static byte[] digest(String key) {
        return Sha256.of(key.getBytes(StandardCharsets.UTF_8));
    }

    /** Compares with every key in full, so that the time tells nothing. */
    Optional<User> find(String key) {
        byte[] digest = digest(key);
        User found = null;
        for (Entry entry : entries) {
            if (MessageDigest.isEqual(entry.sha256, digest)) {
                found = entry.user;
            }
        }
        return Optional.ofNullable(found);
    }

    /** The names of users whose images or pixel steps are counted. */
    Set<String> counted() {
        return entries.stream()
                .map(Entry::user)
                .filter(user -> user.allowance().isCounted())
                .map(User::name)
                .collect(Collectors.toSet());
    }

    Optional<User> named(String name) {
        return entries.stream()
                .map(Entry::user)
                .filter(user -> user.name().equals(name))
                .findFirst();
    }
}
