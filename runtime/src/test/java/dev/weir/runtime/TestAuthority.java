package dev.weir.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** A certificate authority that the JDK's keytool makes for one test, and what it vouches for. */
public final class TestAuthority {

    private static final String PASSWORD = "changeit";

    private final Path folder;
    private final String name;
    private final Path store;

    public TestAuthority(Path folder, String name) throws Exception {
        this.folder = folder;
        this.name = name;
        this.store = folder.resolve(name + ".p12");
        keytool("-alias", "ca", "-dname", "CN=" + name, "-ext", "bc:c");
    }

    /** The files of a new node; its certificate is valid for so many days from now, or was until so many ago. */
    public BusTls issue(String node, int days) throws Exception {
        List<String> validity = days > 0
                ? List.of("-validity", String.valueOf(days))
                : List.of("-startdate", (days - 1) + "d", "-validity", "1");
        List<String> arguments = new ArrayList<>(List.of("-alias", node, "-dname", "CN=" + node, "-signer", "ca"));
        arguments.addAll(validity);
        keytool(arguments.toArray(String[]::new));
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        return new BusTls(
                pem(node + ".pem", keys.getCertificate(node)),
                pem(
                        node + ".key",
                        "PRIVATE KEY",
                        keys.getKey(node, PASSWORD.toCharArray()).getEncoded()),
                pem("ca.pem", keys.getCertificate("ca")));
    }

    private Path pem(String file, Certificate certificate) throws IOException, GeneralSecurityException {
        return pem(file, "CERTIFICATE", certificate.getEncoded());
    }

    private Path pem(String file, String kind, byte[] der) throws IOException {
        String text = Base64.getMimeEncoder().encodeToString(der);
        return Files.writeString(
                folder.resolve(name + "-" + file),
                "-----BEGIN %s-----%n%s%n-----END %s-----%n".formatted(kind, text, kind));
    }

    private void keytool(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-keystore",
                store.toString(),
                "-storepass",
                PASSWORD));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes());
        if (process.waitFor() != 0) {
            throw new IOException(said);
        }
    }
}
