package dev.weir.tests.jvm;

import dev.weir.client.WeirClient;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The bean of the example for Quarkus in docs/java.md. {@link ExamplesTest} calls its methods. */
@ApplicationScoped
class WeirProducer {

    @Produces
    @Singleton // WeirClient is final, so it cannot have a scope that needs a proxy.
    WeirClient weirClient(@ConfigProperty(name = "weir.gateways") List<String> gateways) {
        return WeirClient.of(gateways.toArray(new String[0]));
    }

    void close(@Disposes WeirClient weir) {
        weir.close();
    }
}
