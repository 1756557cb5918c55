package dev.weir.engine.image;

/**
 * The part of a picture that is painted where only the surroundings of its mask are: {@code get_crop_region} of diffusers'
 * {@code VaeImageProcessor}. Stateless; any thread.
 */
public final class MaskRegion {

    private MaskRegion() {}

    /**
     * All that the mask marks and some pixels around it, extended to the ratio of the size that is painted.
     *
     * @param padding pixels around what the mask marks
     */
    public static Region of(Bitmap mask, int width, int height, int padding) {
        var grey = mask.grey();
        int left = 0;
        while (left < grey.width() && isEmptyColumn(grey, left)) {
            left++;
        }
        if (left == grey.width()) {
            throw new IllegalArgumentException("the mask marks nothing: it is black everywhere");
        }
        int right = grey.width();
        while (isEmptyColumn(grey, right - 1)) {
            right--;
        }
        int top = 0;
        while (isEmptyRow(grey, top)) {
            top++;
        }
        int bottom = grey.height();
        while (isEmptyRow(grey, bottom - 1)) {
            bottom--;
        }
        var across = new Span(Math.max(left - padding, 0), Math.min(right + padding, grey.width()));
        var down = new Span(Math.max(top - padding, 0), Math.min(bottom + padding, grey.height()));
        double ratio = (double) width / height;
        if ((double) across.length() / down.length() > ratio) {
            down = down.extended(across.length() / ratio, grey.height());
        } else {
            across = across.extended(down.length() * ratio, grey.width());
        }
        return new Region(across.first, down.first, across.end, down.end);
    }

    private static boolean isEmptyColumn(Bitmap grey, int x) {
        for (int y = 0; y < grey.height(); y++) {
            if (grey.at(x, y, 0) != 0) {
                return false;
            }
        }
        return true;
    }

    private static boolean isEmptyRow(Bitmap grey, int y) {
        for (int x = 0; x < grey.width(); x++) {
            if (grey.at(x, y, 0) != 0) {
                return false;
            }
        }
        return true;
    }

    /** A stretch of one side of the picture. */
    private record Span(int first, int end) {

        int length() {
            return end - first;
        }

        /** To a length, about the same centre, moved and cut so that it stays within the picture. */
        Span extended(double wanted, int side) {
            int more = (int) (wanted - length());
            int newFirst = first - Math.floorDiv(more, 2);
            int newEnd = end + more - Math.floorDiv(more, 2);
            int beyond = Math.max(0, newEnd - side);
            newFirst -= beyond;
            newEnd -= beyond;
            if (newFirst < 0) {
                newEnd -= newFirst;
                newFirst = 0;
            }
            return new Span(newFirst, Math.min(newEnd, side));
        }
    }
}
