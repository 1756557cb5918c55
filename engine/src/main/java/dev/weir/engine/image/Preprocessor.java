package dev.weir.engine.image;

import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** How a picture becomes the map that a ControlNet was trained on, where that needs no network. Stateless; any thread. */
public enum Preprocessor {
    /** The picture is the map. */
    NONE(picture -> picture),
    /** Edges: white on black. */
    CANNY(picture -> Canny.edges(picture, 100, 200)),
    /** A soft picture, for nets that add details. */
    BLUR(picture -> Blur.gaussian(picture.rgb(), 5)),
    /** White and black change places, for drawings on white. */
    INVERT(Preprocessor::inverted);

    private final UnaryOperator<Bitmap> change;

    Preprocessor(UnaryOperator<Bitmap> change) {
        this.change = change;
    }

    /** What requests call them. */
    public static List<String> names() {
        return Stream.of(values())
                .map(one -> one.name().toLowerCase(Locale.ROOT))
                .toList();
    }

    /** Throws an IllegalArgumentException if there is none such. */
    public static Preprocessor named(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT));
    }

    public Bitmap of(Bitmap picture) {
        return change.apply(picture);
    }

    private static Bitmap inverted(Bitmap picture) {
        Bitmap rgb = picture.rgb();
        byte[] values = rgb.values().clone();
        for (int i = 0; i < values.length; i++) {
            values[i] = (byte) ~values[i];
        }
        return new Bitmap(rgb.width(), rgb.height(), Bitmap.RGB, values);
    }
}
