package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.job.Attachment;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.KeptJob;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * The jobs of a prompt. The first sampler has one; each later one has a job for each image, since each image begins with a picture of
 * its own. If this gateway is lost, its jobs continue elsewhere, but no further pass begins. Event loop of the gateway.
 */
final class PromptRun {

    private static final ApiError FLAGGED = ApiError.invalid(
            "image_flagged", "the safety checker has made a picture black with which the next sampler begins", null);

    private final Prompt prompt;
    private final Execution execution;
    private final Function<byte[], Future<Attachment>> reading;
    private final List<KeptJob> jobs = new ArrayList<>();

    /** @param reading takes the file of a picture apart, beside the event loop */
    PromptRun(
            Prompt prompt,
            Sockets sockets,
            Runnable onBegin,
            Runnable onOver,
            Function<byte[], Future<Attachment>> reading) {
        this.prompt = prompt;
        this.reading = reading;
        this.execution = new Execution(prompt, sockets, onBegin, onOver, this::begin);
    }

    Prompt prompt() {
        return prompt;
    }

    Execution execution() {
        return execution;
    }

    /** The ids of those that have begun. */
    List<String> jobs() {
        return jobs.stream().map(KeptJob::id).toList();
    }

    void start() {
        follow(prompt.job(), 0);
    }

    private void follow(KeptJob job, int first) {
        jobs.add(job);
        prompt.jobs().attend(job, event -> execution.on(job.id(), first, event), () -> execution.fail(ApiError.LOST));
        job.eventsAfter(0).forEach(event -> execution.on(job.id(), first, event));
    }

    private void begin(int pass, List<Made> before) {
        for (int i = 0; i < before.size(); i++) {
            int image = i;
            if (before.get(image).picture().flagged()) {
                execution.fail(FLAGGED);
                return;
            }
            JobSpec job = prompt.later().get(pass - 1).ofBatch(image, before.size());
            reading.apply(before.get(image).picture().bytes())
                    .onSuccess(picture -> submit(job.after(picture), image))
                    .onFailure(this::fail);
        }
    }

    private void submit(JobSpec spec, int image) {
        if (execution.isOver()) {
            return;
        }
        Future.<KeptJob>future(accepted -> prompt.jobs().submit(spec).onComplete(accepted))
                .onSuccess(job -> {
                    if (execution.isOver()) {
                        prompt.jobs().cancel(job.id());
                    } else {
                        follow(job, image);
                    }
                })
                .onFailure(this::fail);
    }

    private void fail(Throwable problem) {
        execution.fail(ApiError.of(problem, "").orElseGet(ApiError::internal));
    }

    /** Stops what runs. Between two passes nothing does. */
    void cancel() {
        List<KeptJob> running = jobs.stream().filter(job -> !job.isOver()).toList();
        if (running.isEmpty()) {
            execution.interrupt();
        }
        running.forEach(job -> prompt.jobs().cancel(job.id()));
    }
}
