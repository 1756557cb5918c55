package dev.weir.gateway.user;

import dev.weir.gateway.job.Charge;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.RefusedException;
import dev.weir.gateway.job.UserRules;
import dev.weir.runtime.Loop;
import dev.weir.runtime.memory.MemoryMap;
import java.util.function.IntSupplier;

/** Enforces the limits that the file of keys sets for users. Event loop of the gateway. */
public final class UserLimits implements UserRules {

    private static final long SOON_SECONDS = 1;
    private static final long NEVER = 0;

    private final Users users;
    private final Loop loop;
    private final Usage usage;

    /** @param memory of the cluster, where gateways count together */
    public UserLimits(Users users, Loop loop, MemoryMap memory) {
        this.users = users;
        this.loop = loop;
        this.usage = new Usage(loop, memory, users::counted);
    }

    @Override
    public double weight(String user) {
        return users.named(user).map(User::weight).orElse(0.0);
    }

    @Override
    public void admit(JobSpec spec, IntSupplier inFlight) {
        users.named(spec.user()).ifPresent(user -> {
            if (user.allowance().inFlight() < Long.MAX_VALUE) {
                requireFew(user, spec.samples(), inFlight.getAsInt());
            }
            if (user.allowance().isCounted()) {
                count(user, Charge.of(spec));
            }
        });
    }

    @Override
    public void takeBack(JobSpec spec, long admittedMs) {
        users.named(spec.user()).filter(user -> user.allowance().isCounted()).ifPresent(user -> {
            Charge charge = Charge.of(spec);
            usage.add(user.name(), Spent.of(-charge.images(), -charge.pixelSteps(), admittedMs));
        });
    }

    @Override
    public void usersChanged() {
        usage.exchange();
    }

    private static void requireFew(User user, int images, int inFlight) {
        long most = user.allowance().inFlight();
        if (inFlight + (long) images > most) {
            throw refused(
                    "too_many_images",
                    "%s has %d unfinished images and may have %d".formatted(user.name(), inFlight, most),
                    images > most ? NEVER : SOON_SECONDS);
        }
    }

    private void count(User user, Charge charge) {
        Allowance allowance = user.allowance();
        int images = charge.images();
        long nowMs = loop.nowMs();
        Spent spent = usage.of(user.name())
                .orElseThrow(() -> RefusedException.unavailable(
                        "usage_unknown",
                        "it is not known yet how much %s has had made".formatted(user.name()),
                        SOON_SECONDS));
        if (spent.lastMinute(nowMs) + images > allowance.perMinute()) {
            throw refused(
                    "rate_limit_exceeded",
                    "%s has had %d images in a minute and may have %d"
                            .formatted(user.name(), spent.lastMinute(nowMs), allowance.perMinute()),
                    images > allowance.perMinute() ? NEVER : spent.secondsUntil(allowance.perMinute() - images, nowMs));
        }
        double pixelSteps = charge.pixelSteps();
        if (spent.pixelStepsToday(nowMs) + pixelSteps > allowance.pixelStepsPerDay()) {
            throw refused(
                    "quota_exceeded",
                    "%s has had %.4g pixel steps today and may have %.4g; this request needs %.4g"
                            .formatted(
                                    user.name(),
                                    spent.pixelStepsToday(nowMs),
                                    allowance.pixelStepsPerDay(),
                                    pixelSteps),
                    pixelSteps > allowance.pixelStepsPerDay() ? NEVER : Spent.secondsToMidnight(nowMs));
        }
        usage.add(user.name(), Spent.of(images, pixelSteps, nowMs));
    }

    private static RefusedException refused(String code, String message, long retryAfterSeconds) {
        return RefusedException.busy(code, message, retryAfterSeconds);
    }
}
