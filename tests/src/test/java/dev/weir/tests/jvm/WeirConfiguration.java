package dev.weir.tests.jvm;

import dev.weir.client.WeirClient;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The example for Spring in docs/java.md, which {@link ExamplesTest} runs. */
@Configuration
class WeirConfiguration {

    @Bean(destroyMethod = "close")
    WeirClient weirClient(@Value("${weir.gateways}") String[] gateways) {
        return WeirClient.of(gateways);
    }
}
