package dev.weir.engine.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.backend.Staging;
import java.util.HashMap;
import java.util.Map;

/**
 * The inputs of a network on its device. One that follows from immutable objects stays there, and is not sent again as long as the
 * next forward has it at the same place: text states are sent when rows join or leave, and not at each step. One device thread owns it.
 */
final class Inputs {

    private final PtNDManager manager;
    private final Staging staging = new Staging();
    private final Map<Integer, NDArray> resident = new HashMap<>();
    private long sent;

    /** @param manager of the device; it closes what stays */
    Inputs(PtNDManager manager) {
        this.manager = manager;
    }

    /** @param scope closes what does not stay */
    NDArray of(int index, Feed feed, PtNDManager scope) {
        if (staging.holds(index, feed) && resident.containsKey(index)) {
            return resident.get(index);
        }
        var before = resident.remove(index);
        if (before != null) {
            before.close();
        }
        boolean stays = !feed.sources().isEmpty();
        var bytes = staging.fill(index, feed);
        var array = (stays ? manager : scope).create(bytes, new Shape(feed.shape()), type(feed.type()));
        sent++;
        if (stays) {
            resident.put(index, array);
        }
        return array;
    }

    long sent() {
        return sent;
    }

    private static DataType type(Feed.Type type) {
        return switch (type) {
            case FLOAT -> DataType.FLOAT32;
            case LONG -> DataType.INT64;
            case BOOL -> DataType.BOOLEAN;
        };
    }
}
