package dev.weir.gateway.replicate;

import dev.weir.gateway.api.RequestJson;
import dev.weir.gateway.http.JobJson;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Failed;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.Picture;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A kept job as a prediction. Stateless. */
final class PredictionJson {

    static final String STARTING = "starting";

    private static final String HTTPS = "https:";
    private static final int BAR = 10;

    private PredictionJson() {}

    static String path(String id) {
        return "/v1/predictions/" + id;
    }

    /**
     * With its pictures: their URLs, or data URLs where a client would not take the URL for one of a file.
     *
     * @param base what URLs begin with, here and below
     */
    static JsonObject of(KeptJob job, String base) {
        return json(job, base, job.isOver() || base.startsWith(HTTPS) ? output(job, base) : List.of());
    }

    /** With URLs for pictures. */
    static JsonObject brief(KeptJob job, String base) {
        return json(job, base, completed(job).map(made -> url(made, base)).toList());
    }

    private static JsonObject json(KeptJob job, String base, List<String> output) {
        String model = job.spec().model();
        String url = base + path(job.id());
        return new JsonObject()
                .put("id", job.id())
                .put("model", model.contains("/") ? model : PredictionRequest.OWNER + model)
                .put("version", model)
                .put("input", PredictionRequest.input(RequestJson.of(job.spec())))
                .put("status", status(job))
                .put("output", output.isEmpty() ? null : new JsonArray(output))
                .put("error", error(job).orElse(null))
                .put("logs", logs(job))
                .put("metrics", seconds(job).map(PredictionJson::metrics).orElse(new JsonObject()))
                .put("created_at", time(job.createdMs()))
                .putNull("started_at")
                .put(
                        "completed_at",
                        seconds(job).map(seconds -> completedAt(job, seconds)).orElse(null))
                .put(
                        "urls",
                        new JsonObject()
                                .put("get", url)
                                .put("cancel", url + "/cancel")
                                .put("stream", url + "/stream"));
    }

    private static String status(KeptJob job) {
        return switch (job.status()) {
            case QUEUED -> STARTING;
            case GENERATING -> "processing";
            case COMPLETED -> "succeeded";
            case FAILED -> "failed";
            case CANCELLED -> "canceled";
        };
    }

    private static List<String> output(KeptJob job, String base) {
        return completed(job).map(made -> picture(made, base)).toList();
    }

    /** The picture of a client: libraries take texts that begin with https or data for files. */
    static String picture(Completed made, String base) {
        String url = url(made, base);
        return url.startsWith(HTTPS) ? url : data(made.picture());
    }

    static String data(Picture picture) {
        return "data:" + picture.mediaType() + ";base64," + Base64.getEncoder().encodeToString(picture.bytes());
    }

    private static String url(Completed made, String base) {
        return base + JobJson.imagePath(made.at().job(), made.at().sample());
    }

    private static Stream<JobEvent> latest(KeptJob job) {
        return IntStream.range(0, job.spec().samples()).mapToObj(job::latest).flatMap(Optional::stream);
    }

    private static Stream<Completed> completed(KeptJob job) {
        return latest(job).filter(Completed.class::isInstance).map(Completed.class::cast);
    }

    private static Optional<String> error(KeptJob job) {
        return latest(job)
                .filter(Failed.class::isInstance)
                .map(event -> ((Failed) event).failure().message())
                .findFirst();
    }

    /** The seed and a progress bar, which libraries read. */
    private static String logs(KeptJob job) {
        int total = job.spec().samples() * job.spec().totalSteps();
        int done = latest(job).mapToInt(event -> event.at().step()).sum();
        String seed = "Using seed: " + Long.toUnsignedString(job.spec().seed(0)) + "\n";
        return total == 0 ? seed : seed + progress(done, total) + "\n";
    }

    private static String progress(int done, int total) {
        // Other versions may have counted more steps.
        int bars = Math.min(BAR, BAR * done / total);
        return "%3d%%|%s| %d/%d".formatted(100 * done / total, "█".repeat(bars) + " ".repeat(BAR - bars), done, total);
    }

    /** From the submission to the last picture; empty before it, and if there is none. */
    private static Optional<Double> seconds(KeptJob job) {
        return job.isOver() ? completed(job).map(Completed::seconds).max(Double::compare) : Optional.empty();
    }

    private static JsonObject metrics(double seconds) {
        return new JsonObject().put("predict_time", seconds).put("total_time", seconds);
    }

    private static String completedAt(KeptJob job, double seconds) {
        return time(job.createdMs() + Math.round(1000 * seconds));
    }

    private static String time(long ms) {
        return Instant.ofEpochMilli(ms).toString();
    }
}
