package dev.weir.gateway.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.testing.FreePort;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** S3Proxy over a folder, as a process. It checks the signatures of its requests. */
final class S3Server implements AutoCloseable {

    static final String KEY = "weir";
    static final String SECRET = "not-a-secret";
    private static final Path JAR = Path.of("target", "s3proxy", "s3proxy.jar");

    private final Process process;
    private final URI endpoint;

    /** @param folder a folder in it is a bucket */
    S3Server(Path folder, Path log) throws IOException {
        assertThat(JAR).as("the server that the build fetches").exists();
        endpoint = URI.create("http://127.0.0.1:" + FreePort.next());
        Path config = Files.write(
                log.resolveSibling("s3proxy.conf"),
                List.of(
                        "s3proxy.authorization=aws-v4",
                        "s3proxy.endpoint=" + endpoint,
                        "s3proxy.identity=" + KEY,
                        "s3proxy.credential=" + SECRET,
                        "jclouds.provider=filesystem-nio2",
                        "jclouds.identity=none",
                        "jclouds.credential=none",
                        "jclouds.filesystem.basedir=" + folder));
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx96m",
                        "-XX:TieredStopAtLevel=1",
                        "-jar",
                        JAR.toString(),
                        "--properties",
                        config.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            await().until(this::answers);
        } catch (RuntimeException | AssertionError notStarted) {
            close();
            throw notStarted;
        }
    }

    URI endpoint() {
        return endpoint;
    }

    private boolean answers() throws IOException {
        assertThat(process.isAlive()).as("the server runs").isTrue();
        HttpURLConnection asked = (HttpURLConnection) endpoint.toURL().openConnection();
        asked.setConnectTimeout(1000);
        asked.setReadTimeout(1000);
        try {
            return asked.getResponseCode() == HttpURLConnection.HTTP_FORBIDDEN;
        } catch (IOException notYet) {
            return false;
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
