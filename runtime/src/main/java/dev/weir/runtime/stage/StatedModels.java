package dev.weir.runtime.stage;

import dev.weir.proto.ParcelFormat;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.bus.Addresses;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models in a stage's status: in their order, those that fit into one message. A status that does not fit would not be sent at
 * all, and the node would count as lost. Event loop of its stage node.
 */
final class StatedModels {

    private static final Logger log = LoggerFactory.getLogger(StatedModels.class);

    /** The rest of the message is for everything else in a status. */
    static final int MOST_BYTES = ParcelFormat.MAX_HEADER_BYTES * 7 / 8;

    /** More than the tag and the length of one model in the message. */
    private static final int OVERHEAD = 16;

    private final StageKind kind;
    private List<String> leftOut = List.of();

    StatedModels(StageKind kind) {
        this.kind = kind;
    }

    /** Models that fit after a larger one that does not are stated. */
    List<ModelStatus> fitting(List<ModelStatus> models) {
        List<ModelStatus> fitting = new ArrayList<>();
        List<String> others = new ArrayList<>();
        long bytes = 0;
        for (ModelStatus model : models) {
            long more = OVERHEAD + (long) model.getSerializedSize();
            if (bytes + more <= MOST_BYTES) {
                fitting.add(model);
                bytes += more;
            } else {
                others.add(model.getId());
            }
        }
        if (!others.isEmpty() && !others.equals(leftOut)) {
            log.warn(
                    "The {} offers {} of its {} models: the descriptions of all, with their LoRAs and ControlNets, take more than {} bytes."
                            + " Left out: {}",
                    Addresses.name(kind),
                    fitting.size(),
                    models.size(),
                    MOST_BYTES,
                    String.join(", ", others));
        }
        leftOut = others;
        return fitting;
    }
}
