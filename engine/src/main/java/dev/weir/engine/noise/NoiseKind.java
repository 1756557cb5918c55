package dev.weir.engine.noise;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which of PyTorch's generators a seed stands for: {@code cpu}, or {@code cuda}, whose noise every GPU draws as long as
 * a tensor has no more elements than the GPU has threads at once. {@code cuda:BLOCKS} names a GPU by that number, in
 * blocks of 256 threads, for larger tensors.
 *
 * @param blocks 0: PyTorch's CPU generator
 */
public record NoiseKind(int blocks) {

    public static final NoiseKind CPU = new NoiseKind(0);
    public static final NoiseKind CUDA = new NoiseKind(Integer.MAX_VALUE / 256);

    private static final Pattern CUDA_BLOCKS = Pattern.compile("cuda:([1-9][0-9]{0,5})");

    /** Throws {@link IllegalArgumentException} that says what there is. */
    public static NoiseKind parse(String text) {
        Matcher blocks = CUDA_BLOCKS.matcher(text);
        if (blocks.matches()) {
            return new NoiseKind(Integer.parseInt(blocks.group(1)));
        }
        return switch (text) {
            case "cpu" -> CPU;
            case "cuda" -> CUDA;
            default -> throw new IllegalArgumentException("noise is cpu, cuda or cuda:BLOCKS, not " + text);
        };
    }

    /** The stream of a seed, an unsigned 64-bit number. PyTorch's CPU generator uses its low 32 bits. */
    public NoiseStream stream(long seed) {
        NoisePosition start = NoisePosition.start(seed);
        return equals(CPU) ? new TorchGenerator(start) : new CudaGenerator(start, blocks);
    }
}
