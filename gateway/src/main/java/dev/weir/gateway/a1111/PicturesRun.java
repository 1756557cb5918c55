package dev.weir.gateway.a1111;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.job.Attachment;
import dev.weir.gateway.job.Attendance;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Failed;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.ledger.UserJobs;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * One request from its first job to its answer. A second pass has a job for each sample, since each begins with a picture of its own. A
 * client that disconnects cancels. Event loop of the gateway.
 */
final class PicturesRun {

    private final RoutingContext ctx;
    private final UserJobs jobs;
    private final Answers answers;
    private final RunningRequests running;
    private final RunningRequest request;
    private final PicturesAnswer answer;
    private final Function<byte[], Future<Attachment>> reading;
    private final List<Part> parts = new ArrayList<>();
    private boolean ended;

    /**
     * A job of the request.
     *
     * @param first the sample of the request that is the job's first
     */
    private record Part(int first, int samples, Attendance client) {

        boolean has(int sample) {
            return sample >= first && sample < first + samples;
        }
    }

    /** @param reading takes the file of a picture apart, beside the event loop */
    PicturesRun(
            RoutingContext ctx,
            UserJobs jobs,
            Answers answers,
            RunningRequests running,
            RunningRequest request,
            PicturesAnswer answer,
            Function<byte[], Future<Attachment>> reading) {
        this.ctx = ctx;
        this.jobs = jobs;
        this.answers = answers;
        this.running = running;
        this.request = request;
        this.answer = answer;
        this.reading = reading;
    }

    RunningRequest request() {
        return request;
    }

    /** Throws what the ledger refuses with. */
    void start() {
        attend(request.spec(), 0);
        running.add(this);
        answers.attended(ctx, this::leave);
    }

    void interrupt() {
        request.interrupt();
        parts.forEach(part -> jobs.cancel(part.client().job()));
    }

    /** The next sample goes on. */
    void skip() {
        request.skip();
        int sample = request.current();
        parts.stream()
                .filter(part -> part.has(sample))
                .reduce((before, newest) -> newest)
                .ifPresent(part -> jobs.cancel(part.client().job(), sample - part.first()));
    }

    private void attend(JobSpec spec, int first) {
        Attendance client =
                jobs.attend(spec, false, event -> on(first + event.at().sample(), event), () -> fail(ApiError.LOST));
        parts.add(new Part(first, spec.samples(), client));
    }

    private void on(int sample, JobEvent event) {
        request.on(sample, event);
        if (ended) {
            return;
        }
        if (event instanceof Failed failed) {
            fail(ApiError.of(failed.failure()));
        } else if (event.isLast() && request.isOver()) {
            if (request.second().isEmpty() || request.isInSecondPass() || request.isInterrupted()) {
                succeed();
            } else {
                readPictures();
            }
        }
    }

    /** Large files take some time. */
    private void readPictures() {
        request.beginSecondPass();
        Map<Integer, Future<Attachment>> files = new TreeMap<>();
        for (int sample = 0; sample < request.samples(); sample++) {
            if (request.isCompleted(sample)) {
                files.put(
                        sample,
                        reading.apply(request.picture(sample).orElseThrow().bytes()));
            }
        }
        Future.all(List.copyOf(files.values()))
                .onSuccess(read -> beginSecondPass(files))
                .onFailure(problem -> fail(ApiError.of(problem, "").orElseGet(ApiError::internal)));
    }

    private void beginSecondPass(Map<Integer, Future<Attachment>> files) {
        if (ended) {
            return;
        }
        if (request.isInterrupted()) {
            succeed();
            return;
        }
        try {
            files.forEach((sample, file) -> attend(request.second(sample).after(file.result()), sample));
        } catch (RuntimeException e) {
            // No router handles what is thrown here, and the client would wait.
            fail(ApiError.of(e, "").orElseGet(ApiError::internal));
            return;
        }
        if (request.isOver()) {
            succeed();
        }
    }

    private void succeed() {
        JsonObject all;
        try {
            all = answer.toJson();
        } catch (RuntimeException e) {
            // No router handles what is thrown here, and the client would wait.
            fail(ApiError.of(e, "").orElseGet(ApiError::internal));
            return;
        }
        end();
        answers.json(ctx, 200, all);
    }

    private void fail(ApiError error) {
        if (!ended) {
            end();
            parts.forEach(part -> jobs.cancel(part.client().job()));
            answers.error(ctx, error);
        }
    }

    private void leave() {
        end();
        parts.forEach(part -> part.client().leave());
    }

    private void end() {
        ended = true;
        running.remove(this);
    }
}
