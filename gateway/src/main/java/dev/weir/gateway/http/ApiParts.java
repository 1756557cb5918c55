package dev.weir.gateway.http;

import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.job.ImageMemory;
import dev.weir.gateway.job.ModelNames;
import dev.weir.gateway.ledger.JobLedger;
import io.vertx.core.Vertx;
import java.time.Duration;

/**
 * What the handlers of all APIs are made of.
 *
 * @param threads that read images
 * @param images the bytes that images of requests take
 */
public record ApiParts(
        Vertx vertx,
        GatewayConfig config,
        RequestBody body,
        RequestReader reader,
        ReadingThreads threads,
        ImageMemory images,
        JobLedger ledger,
        ModelNames models,
        Answers answers) {

    /** How long a client may leave its side of a stream unread. */
    public Duration slowClient() {
        return config.patience().slowClient();
    }
}
