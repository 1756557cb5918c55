package dev.weir.bench.simulation;

import dev.weir.proto.Parcel;
import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.Holding;
import dev.weir.proto.v1.SampleRef;
import dev.weir.runtime.stage.StageProtocol;
import java.util.List;

/**
 * What must hold whenever a stage receives an offer or a cancellation: an owner of an earlier epoch takes nothing from an
 * owner of a later one.
 */
final class StageCheck {

    private final World world;

    StageCheck(World world) {
        this.world = world;
    }

    /** @return to be run when the stage has handled the message */
    Runnable receives(Process process, StageProtocol stage, Parcel parcel) {
        List<Holding> before = stage.held();
        if (parcel.header().hasOffer()) {
            SampleRef offered = parcel.header().getOffer().getTask().getRef();
            return () -> offered(process, offered, before, stage.held());
        }
        Cancel cancel = parcel.header().getCancel();
        return () -> cancelled(process, cancel, before, stage.held());
    }

    private void offered(Process process, SampleRef offered, List<Holding> before, List<Holding> after) {
        long earlier = newestEpoch(offered, before);
        if (newestEpoch(offered, after) < earlier) {
            world.violate("%s dropped epoch %d for %s".formatted(process, earlier, Words.of(offered)));
        }
    }

    private static long newestEpoch(SampleRef sample, List<Holding> held) {
        return held.stream()
                .map(Holding::getRef)
                .filter(ref -> ref.getJobId().equals(sample.getJobId()) && ref.getSample() == sample.getSample())
                .mapToLong(SampleRef::getEpoch)
                .max()
                .orElse(0);
    }

    private void cancelled(Process process, Cancel cancel, List<Holding> before, List<Holding> after) {
        long epoch = cancel.hasSample() ? cancel.getSample().getEpoch() : cancel.getEpoch();
        before.stream()
                .filter(held -> !cancel.getOwner().isEmpty()
                        && !held.getOwner().equals(cancel.getOwner())
                        && held.getRef().getEpoch() >= epoch
                        && !after.contains(held))
                .forEach(held -> world.violate("%s dropped %s of %s for a cancellation by %s of epoch %d"
                        .formatted(process, Words.of(held.getRef()), held.getOwner(), cancel.getOwner(), epoch)));
    }
}
