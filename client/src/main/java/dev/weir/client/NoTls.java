package dev.weir.client;

import java.security.KeyManagementException;
import java.security.SecureRandom;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLContextSpi;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocketFactory;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;

/**
 * TLS for an HTTP client that never uses it: every attempt fails. Java's HTTP client makes a context in any case, and the usual one takes
 * a tenth of a second, because it reads the authorities that Java trusts. Stateless.
 */
final class NoTls extends SSLContextSpi {

    private static final String REFUSAL = "this client has no TLS";

    private NoTls() {}

    static SSLContext context() {
        return new Context();
    }

    private static final class Context extends SSLContext {

        Context() {
            super(new NoTls(), null, "none");
        }
    }

    @Override
    protected SSLParameters engineGetDefaultSSLParameters() {
        return new SSLParameters();
    }

    @Override
    protected SSLParameters engineGetSupportedSSLParameters() {
        return new SSLParameters();
    }

    @Override
    protected void engineInit(KeyManager[] keys, TrustManager[] trust, SecureRandom random)
            throws KeyManagementException {
        throw new KeyManagementException(REFUSAL);
    }

    @Override
    protected SSLSocketFactory engineGetSocketFactory() {
        throw new IllegalStateException(REFUSAL);
    }

    @Override
    protected SSLServerSocketFactory engineGetServerSocketFactory() {
        throw new IllegalStateException(REFUSAL);
    }

    @Override
    protected SSLEngine engineCreateSSLEngine() {
        throw new IllegalStateException(REFUSAL);
    }

    @Override
    protected SSLEngine engineCreateSSLEngine(String host, int port) {
        throw new IllegalStateException(REFUSAL);
    }

    @Override
    protected SSLSessionContext engineGetServerSessionContext() {
        throw new IllegalStateException(REFUSAL);
    }

    @Override
    protected SSLSessionContext engineGetClientSessionContext() {
        throw new IllegalStateException(REFUSAL);
    }
}
