package dev.weir.runtime.stage;

/**
 * How long the forward passes of a stage take with one model, at the model's native size, as measured.
 *
 * @param rows network rows of a full pass; more do not raise the throughput
 * @param seconds of a full pass
 * @param loneSeconds of a pass with the two rows of one guided sample
 * @param passes that were measured for it. More than a few are not counted
 */
public record ForwardPace(int rows, double seconds, double loneSeconds, int passes) {

    dev.weir.proto.v1.ForwardPace toProto() {
        return dev.weir.proto.v1.ForwardPace.newBuilder()
                .setRows(rows)
                .setSeconds(seconds)
                .setLoneSeconds(loneSeconds)
                .setPasses(passes)
                .build();
    }
}
