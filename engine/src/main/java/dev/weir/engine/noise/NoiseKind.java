package dev.weir.engine.noise;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which of PyTorch's generators a seed stands for: {@code cpu}, or {@code cuda}, whose noise every GPU draws as long as
 * a tensor has no more elements than the GPU has threads at once. {@code cuda:BLOCKS} names a GPU by that number, in
 * blocks of 256 threads, for larger tensors. {@code cpu:INDEX} is an image of a batch whose noise is drawn as one tensor. {@code
 * comfyui:INDEX:COUNT} is an image of such a batch with the noise of ComfyUI on a GPU: see {@link ComfyNoise}.
 *
 * @param blocks 0: PyTorch's CPU generator
 * @param index of the image in its batch
 * @param batch images whose steps draw from one generator; 0: each image has its own
 */
public record NoiseKind(int blocks, int index, int batch) {

    public static final NoiseKind CPU = new NoiseKind(0, 0, 0);
    public static final NoiseKind CUDA = new NoiseKind(Integer.MAX_VALUE / 256, 0, 0);

    private static final Pattern CPU_INDEX = Pattern.compile("cpu:([0-9]{1,3})");
    private static final Pattern COMFYUI = Pattern.compile("comfyui:([0-9]{1,3}):([1-9][0-9]{0,2})");
    private static final Pattern CUDA_BLOCKS = Pattern.compile("cuda:([1-9][0-9]{0,5})");

    /** Throws {@link IllegalArgumentException} that says what there is. */
    public static NoiseKind parse(String text) {
        Matcher blocks = CUDA_BLOCKS.matcher(text);
        if (blocks.matches()) {
            return new NoiseKind(Integer.parseInt(blocks.group(1)), 0, 0);
        }
        Matcher index = CPU_INDEX.matcher(text);
        if (index.matches()) {
            return new NoiseKind(0, Integer.parseInt(index.group(1)), 0);
        }
        Matcher comfyui = COMFYUI.matcher(text);
        if (comfyui.matches()) {
            return new NoiseKind(CUDA.blocks, Integer.parseInt(comfyui.group(1)), Integer.parseInt(comfyui.group(2)));
        }
        return switch (text) {
            case "cpu" -> CPU;
            case "cuda" -> CUDA;
            default ->
                throw new IllegalArgumentException(
                        "noise is comfyui:INDEX:COUNT, cpu, cpu:INDEX, cuda or cuda:BLOCKS, not " + text);
        };
    }

    /** The stream of a seed, an unsigned 64-bit number. PyTorch's CPU generator uses its low 32 bits. */
    public NoiseStream stream(long seed) {
        NoisePosition start = NoisePosition.start(seed);
        if (batch > 0) {
            return new ComfyNoise(start, index, batch, blocks);
        }
        return blocks == 0 ? new TorchGenerator(start, index) : new CudaGenerator(start, blocks);
    }
}
