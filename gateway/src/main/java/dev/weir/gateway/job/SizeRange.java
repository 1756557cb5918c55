package dev.weir.gateway.job;

/**
 * Sides of an image that a request may ask for: the multiples of a number, from a least to a greatest.
 *
 * @param upsampled whether such an image goes through the upsampler
 */
public record SizeRange(int min, int max, int multiple, boolean upsampled) {

    boolean contains(int side) {
        return side % multiple == 0 && side >= min && side <= max;
    }
}
