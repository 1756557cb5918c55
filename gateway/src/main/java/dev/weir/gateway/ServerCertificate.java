package dev.weir.gateway;

import dev.weir.gateway.GatewayConfig.Tls;
import dev.weir.runtime.FileWatch;
import dev.weir.runtime.PemFile;
import dev.weir.runtime.PemIdentity;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.ServerSSLOptions;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The certificate that a gateway presents to clients: the newest pair of files that belongs together. Open connections keep the one
 * with which they began. Event loop of the gateway.
 */
public final class ServerCertificate implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(ServerCertificate.class);

    /** Tools may replace the two files one after the other. */
    private static final long APART_MS = 10_000;

    private static final int NONE = -1;
    private static final List<String> PROTOCOLS = List.of("h2", "http/1.1");

    private final PemIdentity first;
    private FileWatch watch;
    private long mismatch = NONE;

    private ServerCertificate(PemIdentity first) {
        this.first = first;
    }

    /** Reads the files at once. Throws {@link IllegalArgumentException} that names the file which is wrong. */
    public static ServerCertificate of(Tls files) {
        PemIdentity identity =
                new PemIdentity(PemFile.read("tls-cert", files.certificate()), PemFile.read("tls-key", files.key()));
        return new ServerCertificate(identity.requirePair());
    }

    /** Makes a server speak TLS only: HTTP/2 or HTTP/1.1, as the client prefers. */
    void secure(HttpServerOptions server) {
        warnUnlessValid(first);
        server.setSsl(true).setUseAlpn(true).setKeyCertOptions(first.options());
    }

    /** Reads the files again when they change. A pair that does not belong together changes nothing. */
    void watch(Vertx vertx, HttpServer server) {
        watch = FileWatch.start(
                vertx,
                List.of(first.certificate().path(), first.key().path()),
                List.of(
                        first.certificate().content().getBytes(),
                        first.key().content().getBytes()),
                contents -> renew(vertx, server, contents));
    }

    private void renew(Vertx vertx, HttpServer server, List<byte[]> contents) {
        vertx.cancelTimer(mismatch);
        PemIdentity renewed = new PemIdentity(
                first.certificate().with(contents.get(0)), first.key().with(contents.get(1)));
        try {
            renewed.requirePair();
        } catch (IllegalArgumentException e) {
            log.info("the files of the certificate for clients have changed and are no pair yet");
            mismatch = vertx.setTimer(
                    APART_MS, late -> log.error("the certificate for clients stays as it was: {}", e.getMessage()));
            return;
        }
        warnUnlessValid(renewed);
        server.updateSSLOptions(new ServerSSLOptions()
                        .setUseAlpn(true)
                        .setApplicationLayerProtocols(PROTOCOLS)
                        .setKeyCertOptions(renewed.options()))
                .onSuccess(done -> log.info(
                        "the certificate for clients is now that of {}",
                        renewed.certificate().path()))
                .onFailure(problem -> log.error("the certificate for clients stays as it was", problem));
    }

    /** Clients refuse such a certificate, but it may be replaced at any time. */
    private static void warnUnlessValid(PemIdentity identity) {
        X509Certificate own = identity.certificate().certificates().get(0);
        try {
            own.checkValidity();
        } catch (CertificateException e) {
            log.warn(
                    "{} is valid from {} to {}, so clients refuse it now",
                    identity.certificate().path(),
                    own.getNotBefore().toInstant(),
                    own.getNotAfter().toInstant());
        }
    }

    @Override
    public void close() {
        if (watch != null) {
            watch.close();
        }
    }
}
