package dev.weir.engine.noise;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which of PyTorch's generators a seed stands for: {@code cpu}, or {@code cuda}, whose noise every GPU draws as long as
 * a tensor has no more elements than the GPU has threads at once. {@code cuda:BLOCKS} names a GPU by that number, in
 * blocks of 256 threads, for larger tensors. {@code cpu:INDEX} is an image of a batch whose noise is drawn as one tensor, as ComfyUI does.
 *
 * @param blocks 0: PyTorch's CPU generator
 * @param index of the image in its batch; on a CPU only
 */
public record NoiseKind(int blocks, int index) {

    public static final NoiseKind CPU = new NoiseKind(0, 0);
    public static final NoiseKind CUDA = new NoiseKind(Integer.MAX_VALUE / 256, 0);

    private static final Pattern CPU_INDEX = Pattern.compile("cpu:([0-9]{1,3})");
    private static final Pattern CUDA_BLOCKS = Pattern.compile("cuda:([1-9][0-9]{0,5})");

    /** Throws {@link IllegalArgumentException} that says what there is. */
    public static NoiseKind parse(String text) {
        Matcher blocks = CUDA_BLOCKS.matcher(text);
        if (blocks.matches()) {
            return new NoiseKind(Integer.parseInt(blocks.group(1)), 0);
        }
        Matcher index = CPU_INDEX.matcher(text);
        if (index.matches()) {
            return new NoiseKind(0, Integer.parseInt(index.group(1)));
        }
        return switch (text) {
            case "cpu" -> CPU;
            case "cuda" -> CUDA;
            default -> throw new IllegalArgumentException("noise is cpu, cpu:INDEX, cuda or cuda:BLOCKS, not " + text);
        };
    }

    /** The stream of a seed, an unsigned 64-bit number. PyTorch's CPU generator uses its low 32 bits. */
    public NoiseStream stream(long seed) {
        NoisePosition start = NoisePosition.start(seed);
        return blocks == 0 ? new TorchGenerator(start, index) : new CudaGenerator(start, blocks);
    }
}
