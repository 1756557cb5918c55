package dev.weir.engine.image;

/** A rectangle of pixels: {@code right} and {@code bottom} are the first column and row after it. */
public record Region(int left, int top, int right, int bottom) {

    static Region of(Bitmap bitmap) {
        return new Region(0, 0, bitmap.width(), bitmap.height());
    }

    public int width() {
        return right - left;
    }

    public int height() {
        return bottom - top;
    }
}
