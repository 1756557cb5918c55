package dev.weir.gateway.http;

import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.ledger.JobLedger;
import dev.weir.gateway.ledger.UserJobs;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Consumer;

/** The jobs that the caller of a request may see. Event loop of the gateway. */
public final class CallersJobs {

    private final JobLedger ledger;

    public CallersJobs(JobLedger ledger) {
        this.ledger = ledger;
    }

    public UserJobs of(RoutingContext ctx) {
        return ledger.of(Authentication.user(ctx));
    }

    /** Continues with the job whose id is in the path, whichever gateway owns it, or answers with the error. */
    public void find(RoutingContext ctx, Consumer<KeptJob> next) {
        of(ctx).find(ctx.pathParam("id"))
                .<Void>map(job -> {
                    next.accept(job);
                    return null;
                })
                .onFailure(ctx::fail);
    }
}
