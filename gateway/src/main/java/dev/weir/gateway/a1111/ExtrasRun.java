package dev.weir.gateway.a1111;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.job.Attendance;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Failed;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.ledger.UserJobs;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;

/** The jobs of one request, of a picture each, to its answer. A client that disconnects cancels. Event loop of the gateway. */
final class ExtrasRun {

    private final RoutingContext ctx;
    private final UserJobs jobs;
    private final Answers answers;
    private final List<JobSpec> specs;
    private final Function<List<String>, JsonObject> answer;
    private final String[] pictures;
    private final List<Attendance> clients = new ArrayList<>();
    private boolean ended;

    /** @param answer is made of the files as base64, in the order of the jobs */
    ExtrasRun(
            RoutingContext ctx,
            UserJobs jobs,
            Answers answers,
            List<JobSpec> specs,
            Function<List<String>, JsonObject> answer) {
        this.ctx = ctx;
        this.jobs = jobs;
        this.answers = answers;
        this.specs = specs;
        this.answer = answer;
        this.pictures = new String[specs.size()];
    }

    /** Throws what the ledger refuses with. */
    void start() {
        answers.attended(ctx, this::leave);
        try {
            for (int i = 0; i < specs.size(); i++) {
                int index = i;
                clients.add(jobs.attend(specs.get(i), false, event -> on(index, event), () -> fail(ApiError.LOST)));
            }
        } catch (RuntimeException e) {
            leave();
            throw e;
        }
    }

    private void on(int index, JobEvent event) {
        if (ended) {
            return;
        }
        if (event instanceof Failed failed) {
            fail(ApiError.of(failed.failure()));
        } else if (event instanceof Completed done) {
            pictures[index] = Base64.getEncoder().encodeToString(done.picture().bytes());
            if (Arrays.stream(pictures).allMatch(Objects::nonNull)) {
                ended = true;
                answers.json(ctx, 200, answer.apply(List.of(pictures)));
            }
        } else if (event.isLast()) {
            fail(ApiError.LOST);
        }
    }

    private void fail(ApiError error) {
        if (!ended) {
            leave();
            answers.error(ctx, error);
        }
    }

    private void leave() {
        ended = true;
        clients.forEach(Attendance::leave);
    }
}
