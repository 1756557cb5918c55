package dev.weir.gateway.api;

import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Failed;
import dev.weir.gateway.job.JobEvent.Loading;
import dev.weir.gateway.job.JobEvent.Moment;
import dev.weir.gateway.job.JobEvent.Preview;
import dev.weir.gateway.job.JobEvent.Progress;
import dev.weir.gateway.job.JobEvent.Queued;
import dev.weir.gateway.job.JobEvent.Resumed;
import dev.weir.gateway.job.JobEvent.Started;
import dev.weir.gateway.job.JobEvent.Warning;
import dev.weir.gateway.job.Picture;
import dev.weir.proto.v1.StageTiming;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Locale;

/** The events of a job as JSON, the same on the WebSocket and on the event stream of a job. Images are separate. */
public final class EventJson {

    /** Every JSON library reads whole numbers up to this one exactly. */
    private static final long EXACT = (1L << 53) - 1;

    private EventJson() {}

    /**
     * {@code queued}, {@code loading}, {@code started}, {@code progress}, {@code preview}, {@code resumed}, {@code warning}, {@code
     * completed}, {@code failed}, {@code cancelled} or {@code deleted}.
     */
    public static String type(JobEvent event) {
        return event.getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }

    public static JsonObject of(JobEvent event) {
        Moment at = event.at();
        JsonObject json = new JsonObject()
                .put("type", type(event))
                .put("job", at.job())
                .put("sample", at.sample())
                .put("seq", at.seq())
                .put("attempt", at.attempt())
                .put("step", at.step())
                .put("total", at.total());
        if (event instanceof Queued queued) {
            json.put("position", queued.position()).put("eta_seconds", rounded(queued.waitSeconds()));
        } else if (event instanceof Loading loading) {
            json.put("stage", loading.stage()).put("node", loading.node());
        } else if (event instanceof Started started) {
            json.put("stage", started.stage()).put("node", started.node());
        } else if (event instanceof Resumed resumed) {
            json.put("reason", resumed.reason());
        } else if (event instanceof Progress progress) {
            json.put("stage", progress.stage()).put("step_seconds", rounded(progress.stepSeconds()));
        } else if (event instanceof Warning warning) {
            json.mergeIn(message(warning));
        } else if (event instanceof Preview preview) {
            putPicture(json, preview.picture());
        } else if (event instanceof Completed completed) {
            putPicture(json, completed.picture());
            putResult(json.put("seed", seed(at.seed())), completed);
        } else if (event instanceof Failed failed) {
            json.put("error", ApiError.of(failed.failure()).toJson().getJsonObject("error"));
        }
        return json;
    }

    /** The fields of a finished image in every answer. */
    public static JsonObject putResult(JsonObject json, Completed completed) {
        json.put("seconds", rounded(completed.seconds())).put("timings", timings(completed.timings()));
        return completed.picture().flagged() ? json.put("nsfw_content_detected", true) : json;
    }

    /** What an image is, without its bytes. */
    public static void putPicture(JsonObject json, Picture picture) {
        json.put("format", picture.format()).put("width", picture.width()).put("height", picture.height());
    }

    /** As they appear in an answer. */
    public static JsonArray warnings(List<Warning> warnings) {
        JsonArray json = new JsonArray();
        warnings.forEach(warning -> json.add(message(warning)));
        return json;
    }

    private static JsonObject message(Warning warning) {
        return new JsonObject()
                .put("code", warning.code())
                .put("message", warning.message())
                .put("param", warning.param());
    }

    private static JsonArray timings(List<StageTiming> timings) {
        JsonArray json = new JsonArray();
        timings.forEach(timing -> json.add(new JsonObject()
                .put("stage", timing.getStage())
                .put("node", timing.getNode())
                .put("seconds", rounded(timing.getSeconds()))
                .put("queued_seconds", rounded(timing.getQueuedSeconds()))));
        return json;
    }

    /** Unsigned. A string above 2^53, because many JSON libraries round such numbers. */
    public static Object seed(long seed) {
        return seed >= 0 && seed <= EXACT ? seed : (Object) Long.toUnsignedString(seed);
    }

    /** Rounded to a tenth of a millisecond. */
    public static double rounded(double seconds) {
        return Math.round(seconds * 1e4) / 1e4;
    }
}
