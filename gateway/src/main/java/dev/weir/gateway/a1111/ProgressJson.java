package dev.weir.gateway.a1111;

import dev.weir.gateway.job.Picture;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.Base64;

/** How far a request is, as {@code /sdapi/v1/progress} and {@code /internal/progress} say it. Stateless. */
final class ProgressJson {

    private static final String NO_TIME = "0";

    private ProgressJson() {}

    /** Clients wait for exactly these numbers. */
    static JsonObject idle() {
        return of(0, 0, state(false, false, "", 0, NO_TIME, 0, 0, 0));
    }

    static JsonObject of(RunningRequest request, boolean withPicture) {
        String started = LocalDateTime.ofInstant(Instant.ofEpochMilli(request.startedMs()), ZoneId.systemDefault())
                .format(PicturesAnswer.TIMESTAMP);
        JsonObject json = of(
                request.progress(),
                secondsLeft(request),
                state(
                        request.isSkipped(),
                        request.isInterrupted(),
                        request.task(),
                        request.samples(),
                        started,
                        request.current(),
                        request.step(),
                        request.stepsOfPass()));
        if (withPicture) {
            request.shown().ifPresent(picture -> json.put("current_image", base64(picture)));
        }
        return json;
    }

    /** The shape of the page of that program. */
    static JsonObject ofTask(RunningRequest request) {
        JsonObject json = new JsonObject()
                .put("active", request.step() > 0)
                .put("queued", request.step() == 0)
                .put("completed", false)
                .put("progress", request.progress())
                .put("eta", secondsLeft(request))
                .putNull("live_preview")
                .put("id_live_preview", request.step())
                .putNull("textinfo");
        request.shown()
                .ifPresent(picture ->
                        json.put("live_preview", "data:%s;base64,%s".formatted(picture.mediaType(), base64(picture))));
        return json;
    }

    /** Of a task that is not here: it has ended, or was never here. */
    static JsonObject endedTask() {
        return new JsonObject()
                .put("active", false)
                .put("queued", false)
                .put("completed", true)
                .putNull("progress")
                .putNull("eta")
                .putNull("live_preview")
                .put("id_live_preview", -1)
                .putNull("textinfo");
    }

    private static double secondsLeft(RunningRequest request) {
        double seconds = (System.currentTimeMillis() - request.startedMs()) / 1000.0;
        return seconds * (1 - request.progress()) / request.progress();
    }

    private static String base64(Picture picture) {
        return Base64.getEncoder().encodeToString(picture.bytes());
    }

    private static JsonObject of(double progress, double eta, JsonObject state) {
        return new JsonObject()
                .put("progress", progress)
                .put("eta_relative", eta)
                .put("state", state)
                .putNull("current_image")
                .putNull("textinfo");
    }

    private static JsonObject state(
            boolean skipped,
            boolean interrupted,
            String job,
            int jobs,
            String started,
            int current,
            int step,
            int steps) {
        return new JsonObject()
                .put("skipped", skipped)
                .put("interrupted", interrupted)
                .put("stopping_generation", interrupted)
                .put("job", job)
                .put("job_count", jobs)
                .put("job_timestamp", started)
                .put("job_no", current)
                .put("sampling_step", step)
                .put("sampling_steps", steps);
    }
}
