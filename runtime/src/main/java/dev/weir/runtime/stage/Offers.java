package dev.weir.runtime.stage;

import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.OfferReply;
import dev.weir.proto.v1.OfferReply.Verdict;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.route.Edition;
import java.util.Optional;

/** Decides on an offer, without side effects. Event loop of its stage node only. */
final class Offers {

    /** @param take whether the task must be taken in now; false if it was accepted before */
    record Decision(OfferReply reply, boolean take) {}

    private final Stage stage;
    private final InFlightTable inFlight;

    Offers(Stage stage, InFlightTable inFlight) {
        this.stage = stage;
        this.inFlight = inFlight;
    }

    Decision decide(Task task, boolean draining, long nowMs) {
        if (draining) {
            return no(Verdict.DRAINING, "");
        }
        if (task.getPosition() < 0 || task.getPosition() >= task.getRouteCount()) { // negative: 2^31 or more
            return no(
                    Verdict.INVALID,
                    "position %s of a route of %d stages"
                            .formatted(Integer.toUnsignedString(task.getPosition()), task.getRouteCount()));
        }
        String name = task.getRoute(task.getPosition()).getName();
        Edition edition = new Edition(task.getFingerprintsMap());
        Optional<ModelStatus> model = stage.models().stream()
                .filter(m -> m.getId().equals(task.getModel())
                        && m.getStagesList().contains(name)
                        && m.getProblem().isEmpty()
                        && edition.fits(m.getFingerprintsMap()))
                .findFirst();
        if (model.isEmpty()) {
            return no(
                    Verdict.UNKNOWN_MODEL, "no model \"%s\" with a stage \"%s\" here".formatted(task.getModel(), name));
        }
        if (task.getDeadlineMs() > 0 && nowMs > task.getDeadlineMs()) {
            return no(Verdict.INVALID, "the deadline has passed");
        }
        SampleRef ref = task.getRef();
        return switch (inFlight.answer(task)) {
            case TAKEN_BEFORE -> new Decision(reply(Verdict.ACCEPTED, "accepted before"), false);
            case STALE_ATTEMPT ->
                superseded(ref, "attempt %s of %s is not the newest".formatted(Attempt.of(ref), SampleKey.of(ref)));
            case CANCELLED -> superseded(ref, "the job %s was cancelled".formatted(ref.getJobId()));
            case FULL -> no(Verdict.BUSY, "");
            case TAKE -> model.get().getUnloaded() && isFullOfLoading(task) ? no(Verdict.BUSY, "") : accept(task);
        };
    }

    /** A newer attempt takes the place of the older one. */
    private boolean isFullOfLoading(Task task) {
        return inFlight.isFullOfLoading() && inFlight.olderThan(task).isEmpty();
    }

    private Decision accept(Task task) {
        return refusal(task)
                .map(reason -> no(Verdict.INVALID, reason))
                .orElseGet(() -> new Decision(reply(Verdict.ACCEPTED, ""), true));
    }

    private Optional<String> refusal(Task task) {
        try {
            return stage.refuse(task);
        } catch (RuntimeException e) {
            return Optional.of("the %s cannot judge the task: %s".formatted(stage.kind(), e));
        }
    }

    private Decision superseded(SampleRef ref, String detail) {
        Attempt newest = inFlight.newest(ref);
        OfferReply reply = reply(Verdict.SUPERSEDED, detail).toBuilder()
                .setNewestAttempt(newest.number())
                .setNewestEpoch(newest.epoch())
                .build();
        return new Decision(reply, false);
    }

    private static Decision no(Verdict verdict, String detail) {
        return new Decision(reply(verdict, detail), false);
    }

    private static OfferReply reply(Verdict verdict, String detail) {
        return OfferReply.newBuilder().setVerdict(verdict).setDetail(detail).build();
    }
}
