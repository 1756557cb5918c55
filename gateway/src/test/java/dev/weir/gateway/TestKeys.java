package dev.weir.gateway;

import dev.weir.gateway.user.KeyFile;
import dev.weir.gateway.user.Keys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/** A file of keys, and the keys. */
final class TestKeys {

    final String anna = Keys.random();
    final String bob = Keys.random();
    final String admin = Keys.random();
    final String scraper = Keys.random();
    private final Path file;

    TestKeys(Path folder) {
        this(folder, "");
    }

    /** @param annas more fields of anna's entry, such as {@code images-in-flight: 1} */
    TestKeys(Path folder, String annas) {
        file = folder.resolve("keys.yaml");
        write(entry("anna", anna, annas)
                + entry("bob", bob, "")
                + entry("admin", admin, "role: admin")
                + entry("scraper", scraper, "role: metrics"));
    }

    static String entry(String name, String key, String more) {
        return KeyFile.line(name, key).replace("}", (more.isEmpty() ? "" : ", " + more) + "}\n");
    }

    void write(String content) {
        try {
            Files.writeString(file, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    GatewayConfig in(GatewayConfig config) {
        return config.with(config.security().withKeys(file));
    }

    static String bearer(String key) {
        return "Bearer " + key;
    }

    static String basic(String name, String key) {
        return "Basic " + Base64.getEncoder().encodeToString((name + ":" + key).getBytes(StandardCharsets.UTF_8));
    }
}
