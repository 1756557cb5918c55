package dev.weir.engine.image;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Edges of a picture (Canny 1986), to the bit as OpenCV's {@code Canny} with its usual options finds them in a colour picture: Sobel
 * gradients of 3x3, the strongest channel of each pixel, and the gradient's size as the sum of its two sides. Stateless; any thread.
 */
final class Canny {

    /** tan(22.5 degrees) in fixed point. */
    private static final int TAN = 13573;

    private static final int FIXED = 15;
    private static final byte WHITE = (byte) 255;

    private final int width;
    private final int height;
    private final int[] across;
    private final int[] down;
    private final int[] size;

    private Canny(Bitmap rgb) {
        width = rgb.width();
        height = rgb.height();
        across = new int[width * height];
        down = new int[width * height];
        size = new int[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                gradient(rgb, x, y);
            }
        }
    }

    /**
     * White edges on black, as a picture of three channels.
     *
     * @param low gradients that continue an edge are larger
     * @param high gradients that begin an edge are larger
     */
    static Bitmap edges(Bitmap picture, int low, int high) {
        return new Canny(picture.rgb()).traced(low, high);
    }

    /** Of channels with equal gradients the first one counts. */
    private void gradient(Bitmap rgb, int x, int y) {
        int at = y * width + x;
        int left = Math.max(0, x - 1);
        int right = Math.min(width - 1, x + 1);
        int above = Math.max(0, y - 1);
        int below = Math.min(height - 1, y + 1);
        for (int channel = 0; channel < Bitmap.RGB; channel++) {
            int nw = rgb.at(left, above, channel);
            int ne = rgb.at(right, above, channel);
            int sw = rgb.at(left, below, channel);
            int se = rgb.at(right, below, channel);
            int dx = ne + 2 * rgb.at(right, y, channel) + se - nw - 2 * rgb.at(left, y, channel) - sw;
            int dy = sw + 2 * rgb.at(x, below, channel) + se - nw - 2 * rgb.at(x, above, channel) - ne;
            int sum = Math.abs(dx) + Math.abs(dy);
            if (channel == 0 || sum > size[at]) {
                across[at] = dx;
                down[at] = dy;
                size[at] = sum;
            }
        }
    }

    private Bitmap traced(int low, int high) {
        boolean[] weak = new boolean[size.length];
        boolean[] edge = new boolean[size.length];
        Deque<Integer> open = new ArrayDeque<>();
        for (int at = 0; at < size.length; at++) {
            if (size[at] > low && isPeak(at)) {
                weak[at] = true;
                if (size[at] > high) {
                    edge[at] = true;
                    open.push(at);
                }
            }
        }
        while (!open.isEmpty()) {
            int at = open.pop();
            for (int y = Math.max(0, at / width - 1); y <= Math.min(height - 1, at / width + 1); y++) {
                for (int x = Math.max(0, at % width - 1); x <= Math.min(width - 1, at % width + 1); x++) {
                    int next = y * width + x;
                    if (weak[next] && !edge[next]) {
                        edge[next] = true;
                        open.push(next);
                    }
                }
            }
        }
        byte[] out = new byte[size.length * Bitmap.RGB];
        for (int i = 0; i < out.length; i++) {
            out[i] = edge[i / Bitmap.RGB] ? WHITE : 0;
        }
        return new Bitmap(width, height, Bitmap.RGB, out);
    }

    /** Whether no gradient across the edge is larger. */
    private boolean isPeak(int at) {
        int x = Math.abs(across[at]);
        int y = Math.abs(down[at]) << FIXED;
        int flat = x * TAN;
        if (y < flat) {
            return size[at] > beside(at, -1, 0) && size[at] >= beside(at, 1, 0);
        }
        if (y > flat + (x << (FIXED + 1))) {
            return size[at] > beside(at, 0, -1) && size[at] >= beside(at, 0, 1);
        }
        int slope = (across[at] ^ down[at]) < 0 ? -1 : 1;
        return size[at] > beside(at, -slope, -1) && size[at] > beside(at, slope, 1);
    }

    /** Nothing lies beyond the edges of the picture. */
    private int beside(int at, int dx, int dy) {
        int x = at % width + dx;
        int y = at / width + dy;
        return x < 0 || y < 0 || x >= width || y >= height ? 0 : size[y * width + x];
    }
}
