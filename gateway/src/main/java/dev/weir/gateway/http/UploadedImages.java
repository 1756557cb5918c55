package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.ReadImage;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.job.ImageMemory;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Consumer;

/** Reads the files of forms as images, beside the event loop. Event loop of the gateway. */
public final class UploadedImages {

    private final RequestReader reader;
    private final ReadingThreads threads;
    private final ImageMemory memory;

    public UploadedImages(ApiParts parts) {
        this.reader = parts.reader();
        this.threads = parts.threads();
        this.memory = parts.images();
    }

    /** Continues with the image that a field of the form has, or answers with the error. */
    public void read(RoutingContext ctx, FormBody.Parts form, String field, Consumer<ReadImage.Fine> then) {
        byte[] file = form.files().get(field);
        if (file == null) {
            throw invalid(field, "must be a file of the form");
        }
        memory.takeUpload(file.length);
        threads.read(() -> reader.readImage(file)).onComplete(read -> {
            memory.giveUpload(file.length);
            try {
                if (read.failed()) {
                    ctx.fail(read.cause());
                } else if (read.result() instanceof ReadImage.Fine fine) {
                    then.accept(fine);
                } else if (read.result() instanceof ReadImage.Refused refused) {
                    throw invalid(field, refused.problem());
                }
            } catch (RuntimeException e) {
                // Nobody else would answer.
                ctx.fail(e);
            }
        });
    }

    private static ApiException invalid(String field, String problem) {
        return new ApiException(ApiError.invalid("invalid_value", field + " " + problem, field));
    }
}
