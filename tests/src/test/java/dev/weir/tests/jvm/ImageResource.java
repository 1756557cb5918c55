package dev.weir.tests.jvm;

import dev.weir.client.ImageRequest;
import dev.weir.client.WeirClient;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import java.util.concurrent.CompletionStage;

/** The resource of the example for Quarkus in docs/java.md, which {@link ExamplesTest} runs. */
@Path("/image")
class ImageResource {

    private final WeirClient weir;

    ImageResource(WeirClient weir) {
        this.weir = weir;
    }

    /** No thread waits while the image is made. */
    @GET
    @Produces("image/png")
    CompletionStage<byte[]> image(@QueryParam("prompt") String prompt) {
        return weir.generateAsync(ImageRequest.of(prompt))
                .thenApply(result -> result.image().bytes());
    }
}
