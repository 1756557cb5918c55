package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.EventJson;
import dev.weir.gateway.api.RequestReader.ImagesRequest;
import dev.weir.gateway.api.SettingsJson;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Cancelled;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Deleted;
import dev.weir.gateway.job.JobEvent.Failed;
import dev.weir.gateway.job.JobEvent.Warning;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.job.Warnings;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.Base64;

/**
 * Collects the images of one request and answers when all exist. If one fails, the request fails. A client that
 * disconnects cancels the request, unless it asked otherwise. Event loop of its request.
 */
final class ImagesAnswer {

    private final RoutingContext ctx;
    private final Jobs jobs;
    private final Answers answers;
    private final JobSpec spec;
    private final boolean urls;
    private final Warnings warnings = new Warnings();
    private final Completed[] pictures;
    private int missing;

    ImagesAnswer(RoutingContext ctx, Jobs jobs, Answers answers, ImagesRequest request) {
        this.ctx = ctx;
        this.jobs = jobs;
        this.urls = request.urls();
        this.answers = answers;
        this.spec = request.spec();
        this.pictures = new Completed[spec.samples()];
        this.missing = spec.samples();
    }

    void on(JobEvent event) {
        if (event instanceof Completed completed) {
            pictures[completed.at().sample()] = completed;
            missing--;
            if (missing == 0) {
                answers.json(ctx, 200, toJson(completed.at().job()));
            }
        } else if (event instanceof Warning warning) {
            warnings.add(warning);
        } else if (event instanceof Failed failed) {
            answers.error(ctx, ApiError.of(failed.failure()));
            jobs.cancel(failed.at().job());
        } else if (event instanceof Cancelled) {
            answers.error(ctx, ApiError.CANCELLED);
        } else if (event instanceof Deleted) {
            answers.error(ctx, ApiError.DELETED);
        }
    }

    void lost() {
        answers.error(ctx, ApiError.LOST);
    }

    private JsonObject toJson(String job) {
        JsonArray data = new JsonArray();
        for (Completed completed : pictures) {
            data.add(picture(completed).put("x_weir", ImageJson.extras(completed)));
        }
        JsonObject json = new JsonObject()
                .put("created", System.currentTimeMillis() / 1000)
                .put("background", "opaque")
                .put("output_format", pictures[0].picture().format())
                .put("size", pictures[0].picture().size())
                .put("data", data)
                .put("usage", ImageJson.usage())
                .put(
                        "x_weir",
                        SettingsJson.putInto(
                                new JsonObject().put("job_id", job).put("model", spec.model()), spec.generation()));
        return warnings.all().isEmpty() ? json : json.put("warnings", EventJson.warnings(warnings.all()));
    }

    private JsonObject picture(Completed completed) {
        if (urls) {
            String path = JobJson.imagePath(completed.at().job(), completed.at().sample());
            return new JsonObject().put("url", PublicAddress.of(ctx).url(path));
        }
        return new JsonObject()
                .put(
                        "b64_json",
                        Base64.getEncoder().encodeToString(completed.picture().bytes()));
    }
}
