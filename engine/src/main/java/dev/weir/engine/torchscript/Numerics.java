package dev.weir.engine.torchscript;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;

/**
 * How an emitted graph computes: in which type, where, and from which layout of weights. Images always lie in memory with
 * their channels innermost, which convolutions in every precision are fastest with, and tokens need no copy from.
 *
 * @param dtype TorchScript's number of the type inside the graph
 * @param device as TorchScript names it
 * @param packed whether weights are reordered once into oneDNN's own blocks
 */
public record Numerics(int dtype, String device, boolean packed) {

    /** TorchScript's number of fp32, the type of every graph's edges. */
    public static final int FP32 = 6;

    private static final int FP16 = 5;
    private static final int BF16 = 15;

    private static final int SMALL_IMAGE_PIXELS = 1024;

    /**
     * Packs where the processor's matrix units want it. Elsewhere the blocks depend on the size of the image, and one that
     * was not packed for has its weights reordered in every forward, which makes it up to 2.7 times slower.
     *
     * @param matrixUnits whether the processor has some for bf16
     */
    public static Numerics of(ComputeTarget target, boolean matrixUnits) {
        var precision = target.precision();
        var dtype =
                switch (precision) {
                    case FP32 -> FP32;
                    case FP16 -> FP16;
                    case BF16 -> BF16;
                };
        var packed = !target.isCuda() && precision == Precision.BF16 && matrixUnits;
        return new Numerics(dtype, target.device(), packed);
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
        return !isCuda() && pixels < SMALL_IMAGE_PIXELS;
    }

    /** Whether numbers beyond 65504 are infinite. */
    boolean isHalf() {
        return dtype == FP16;
    }

    boolean isCuda() {
        return device.startsWith("cuda");
    }
}
