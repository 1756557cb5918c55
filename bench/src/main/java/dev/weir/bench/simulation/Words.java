package dev.weir.bench.simulation;

import dev.weir.proto.Parcel;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.ParcelHeader;
import dev.weir.proto.v1.SampleRef;

/** Messages in short, for histories. */
final class Words {

    private Words() {}

    static String of(Parcel parcel) {
        ParcelHeader header = parcel.header();
        return switch (header.getBodyCase()) {
            case OFFER ->
                "offer %s at position %d, from step %d"
                        .formatted(
                                of(header.getOffer().getTask().getRef()),
                                header.getOffer().getTask().getPosition(),
                                header.getOffer().getTask().getResume().getStep());
            case EVENT -> of(header.getEvent());
            case CANCEL ->
                header.getCancel().hasSample()
                        ? "cancel " + of(header.getCancel().getSample())
                        : "cancel %s up to %d.%d"
                                .formatted(
                                        id(header.getCancel().getJobId()),
                                        header.getCancel().getEpoch(),
                                        header.getCancel().getAttempt());
            case TOLD -> "told of " + id(header.getTold().getJobId());
            case WATCH -> "watches " + id(header.getWatch().getJobId());
            default -> header.getBodyCase().toString().toLowerCase(java.util.Locale.ROOT);
        };
    }

    private static String of(Event event) {
        String what = event.getWhatCase().toString().toLowerCase(java.util.Locale.ROOT);
        return "%s %s%s"
                .formatted(
                        what,
                        of(event.getRef()),
                        event.hasProgress() ? " step " + event.getProgress().getStep() : "");
    }

    static String of(SampleRef ref) {
        return "%s/%d attempt %d.%d".formatted(id(ref.getJobId()), ref.getSample(), ref.getEpoch(), ref.getAttempt());
    }

    /** The end of a job's id. */
    static String id(String job) {
        return job.substring(Math.max(0, job.length() - 4));
    }
}
