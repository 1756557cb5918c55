package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.EventJson;
import dev.weir.gateway.api.RequestJson;
import dev.weir.gateway.api.SettingsJson;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Failed;
import dev.weir.gateway.job.JobEvent.Queued;
import dev.weir.gateway.job.KeptJob;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** A kept job as JSON. */
public final class JobJson {

    private JobJson() {}

    static String path(KeptJob job) {
        return "/v1/jobs/" + job.id();
    }

    public static String imagePath(String job, int sample) {
        return "/v1/jobs/" + job + "/images/" + sample;
    }

    /** @param address of this gateway, as the client reached it */
    static JsonObject of(KeptJob job, PublicAddress address) {
        JsonArray images = new JsonArray();
        for (int sample = 0; sample < job.spec().samples(); sample++) {
            images.add(image(job, sample, address));
        }
        String path = address.path(path(job));
        JsonObject json = new JsonObject()
                .put("id", job.id())
                .put("status", job.status().name().toLowerCase(Locale.ROOT))
                .put("model", job.spec().model())
                .put("created", job.createdMs() / 1000)
                .put("images", images)
                .put("status_url", path)
                .put("events_url", path + "/events")
                .put("cancel_url", path);
        SettingsJson.putInto(json, job.spec().generation());
        json.put("request", RequestJson.of(job.spec()));
        List<Queued> waiting = IntStream.range(0, job.spec().samples())
                .mapToObj(sample -> job.latest(sample).orElse(null))
                .filter(Queued.class::isInstance)
                .map(Queued.class::cast)
                .toList();
        waiting.stream().mapToInt(Queued::position).min().ifPresent(first -> json.put("queue_position", first));
        waiting.stream()
                .mapToDouble(Queued::waitSeconds)
                .max()
                .ifPresent(last -> json.put("eta_seconds", EventJson.rounded(last)));
        if (!job.warnings().isEmpty()) {
            json.put("warnings", EventJson.warnings(job.warnings()));
        }
        return json;
    }

    private static JsonObject image(KeptJob job, int sample, PublicAddress address) {
        JsonObject json = new JsonObject()
                .put("sample", sample)
                .put("seed", EventJson.seed(job.spec().seed(sample)));
        JobEvent latest = job.latest(sample).orElse(null);
        if (latest == null) {
            return json.put("state", "queued");
        }
        json.put("state", EventJson.type(latest))
                .put("attempt", latest.at().attempt())
                .put("step", latest.at().step())
                .put("total", latest.at().total());
        if (latest instanceof Completed completed) {
            EventJson.putPicture(json.put("url", address.path(imagePath(job.id(), sample))), completed.picture());
            EventJson.putResult(json, completed);
        } else if (latest instanceof Failed failed) {
            json.put("error", ApiError.of(failed.failure()).toJson().getJsonObject("error"));
        }
        return json;
    }
}
