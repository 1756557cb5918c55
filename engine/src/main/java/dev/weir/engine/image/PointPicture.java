package dev.weir.engine.image;

import dev.weir.engine.LatentShape;
import dev.weir.engine.RgbImage;
import java.util.Arrays;

/**
 * A picture of a cloud of points: small balls, lit from the viewer, in a parallel projection from the front, the side and above. The cloud
 * is centered and fills the picture, with its second axis upwards.
 */
public final class PointPicture implements FramePreview {

    /** Pixels each way. */
    public static final int SIDE = 512;

    private static final int AXES = 3;
    private static final double AZIMUTH = Math.toRadians(35);
    private static final double ELEVATION = Math.toRadians(25);
    private static final double FILLED = 0.46 * SIDE;
    private static final int RADIUS = 5;
    private static final double[] COLOR = {62, 119, 182};
    private static final double DARKEST = 0.35;

    @Override
    public RgbImage image(LatentShape shape, float[] points, int enlargement) {
        int count = shape.size() / AXES;
        double[][] turned = turned(points, count);
        byte[] pixels = new byte[AXES * SIDE * SIDE];
        Arrays.fill(pixels, (byte) 255);
        double[] depths = new double[SIDE * SIDE];
        Arrays.fill(depths, Double.NEGATIVE_INFINITY);
        for (double[] point : turned) {
            paint(point, pixels, depths);
        }
        return new RgbImage(SIDE, SIDE, pixels);
    }

    /** Of each point its place to the right, upwards and towards the viewer, in pixels from the middle. */
    private static double[][] turned(float[] points, int count) {
        double[] mean = new double[AXES];
        for (int axis = 0; axis < AXES; axis++) {
            for (int i = 0; i < count; i++) {
                mean[axis] += points[axis * count + i] / count;
            }
        }
        double[][] turned = new double[count][AXES];
        double furthest = Double.MIN_NORMAL;
        for (int i = 0; i < count; i++) {
            double x = points[i] - mean[0];
            double y = points[count + i] - mean[1];
            double z = points[2 * count + i] - mean[2];
            double front = z * Math.cos(AZIMUTH) + x * Math.sin(AZIMUTH);
            turned[i][0] = x * Math.cos(AZIMUTH) - z * Math.sin(AZIMUTH);
            turned[i][1] = y * Math.cos(ELEVATION) - front * Math.sin(ELEVATION);
            turned[i][2] = front * Math.cos(ELEVATION) + y * Math.sin(ELEVATION);
            furthest = Math.max(furthest, Math.sqrt(x * x + y * y + z * z));
        }
        for (double[] point : turned) {
            for (int axis = 0; axis < AXES; axis++) {
                point[axis] *= FILLED / furthest;
            }
        }
        return turned;
    }

    private static void paint(double[] point, byte[] pixels, double[] depths) {
        int left = (int) Math.round(SIDE / 2.0 + point[0]);
        int top = (int) Math.round(SIDE / 2.0 - point[1]);
        for (int dy = -RADIUS; dy <= RADIUS; dy++) {
            for (int dx = -RADIUS; dx <= RADIUS; dx++) {
                int height = RADIUS * RADIUS - dx * dx - dy * dy;
                int x = left + dx;
                int y = top + dy;
                if (height < 0 || x < 0 || y < 0 || x >= SIDE || y >= SIDE) {
                    continue;
                }
                double depth = point[2] + Math.sqrt(height);
                if (depth > depths[y * SIDE + x]) {
                    depths[y * SIDE + x] = depth;
                    color(pixels, y * SIDE + x, Math.sqrt(height) / RADIUS, 0.5 + depth / (4 * FILLED));
                }
            }
        }
    }

    /**
     * @param facing how much the ball's surface faces the viewer, 0 to 1
     * @param near how near it is, about 0.25 to 0.75
     */
    private static void color(byte[] pixels, int pixel, double facing, double near) {
        double light = (DARKEST + (1 - DARKEST) * facing) * (0.55 + 0.6 * near);
        for (int color = 0; color < AXES; color++) {
            pixels[AXES * pixel + color] = (byte) Math.round(Math.min(255, Math.max(0, COLOR[color] * light)));
        }
    }
}
