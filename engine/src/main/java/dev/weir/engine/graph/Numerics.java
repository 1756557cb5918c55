package dev.weir.engine.graph;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;

/**
 * How an emitted graph computes: in which type, where, and in which layout of weights and activations.
 *
 * @param dtype TorchScript's number of the type inside the graph
 * @param device as TorchScript names it
 * @param channelsLast whether images lie in memory with the channels innermost
 * @param packed whether weights are reordered once into oneDNN's own blocks, which its matrix units want
 */
public record Numerics(int dtype, String device, boolean channelsLast, boolean packed) {

    /** TorchScript's number of fp32, the type of every graph's edges. */
    public static final int FP32 = 6;

    private static final int SMALL_IMAGE_PIXELS = 1024;

    private static final int FP16 = 5;
    private static final int BF16 = 15;

    public static Numerics of(ComputeTarget target) {
        var precision = target.precision();
        var dtype =
                switch (precision) {
                    case FP32 -> FP32;
                    case FP16 -> FP16;
                    case BF16 -> BF16;
                };
        var packed = !target.isCuda() && precision == Precision.BF16;
        return new Numerics(dtype, target.device(), target.isCuda() || packed, packed);
    }

    /** The device as an expression of the source. */
    String deviceExpression() {
        return "torch.device(\"" + device + "\")";
    }

    /**
     * Whether a group norm over so many pixels is worth two changes of layout: libtorch's kernel for channels-last images
     * below 1024 pixels goes through a group's few channels at a time, 20 times slower than its kernel for planes.
     */
    boolean normsInPlanes(int pixels) {
        return channelsLast && !isCuda() && pixels < SMALL_IMAGE_PIXELS;
    }

    boolean isCuda() {
        return device.startsWith("cuda");
    }
}
