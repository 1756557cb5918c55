package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.image.Bitmap;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Size;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class PictureStepsTest {

    private static final Bitmap PICTURE = Bitmap.black(4, 6, Bitmap.RGB);

    @Test
    void aPartIsCutOut() {
        Bitmap part = PictureSteps.of(PICTURE, part(1, 2, 3, 4));

        assertThat(part.width()).isEqualTo(3);
        assertThat(part.height()).isEqualTo(4);
    }

    @Test
    void aPartHasPixelsAndLiesInThePicture() {
        assertThatThrownBy(() -> PictureSteps.of(PICTURE, part(0, 3, 4, 0))).hasMessageContaining("at least one pixel");
        assertThatThrownBy(() -> PictureSteps.of(PICTURE, part(2, 0, 0, 6))).hasMessageContaining("at least one pixel");
        assertThatThrownBy(() -> PictureSteps.of(PICTURE, part(2, 0, 3, 6)))
                .hasMessageContaining("a picture of 4x6 has no part up to 5, 6");
    }

    /** Bicubic interpolation exceeds black and white at an edge. */
    @Test
    void numbersBeyondBytesAreKept() {
        byte[] edge = new byte[4 * 3];
        Arrays.fill(edge, 6, 12, (byte) 255);
        Bitmap picture = new Bitmap(4, 1, Bitmap.RGB, edge);

        float[] exact =
                PictureSteps.exact(picture, onNumbers("bicubic")).orElseThrow().values();

        Arrays.sort(exact);
        assertThat(exact).hasSize(8 * 3);
        assertThat(exact[0]).isLessThan(-1.01f);
        assertThat(exact[exact.length - 1]).isGreaterThan(1.01f);
        assertThat(PictureSteps.of(picture, onNumbers("bicubic")).values()).contains((byte) 0, (byte) 255);
        assertThat(PictureSteps.exact(picture, onNumbers("lanczos"))).isEmpty();
        assertThat(PictureSteps.exact(picture, Resizing.getDefaultInstance())).isEmpty();
    }

    private static Resizing onNumbers(String method) {
        return Resizing.newBuilder()
                .addSteps(Resizing.Step.newBuilder()
                        .setFilter(method)
                        .setSize(Size.newBuilder().setWidth(8).setHeight(1)))
                .setOnNumbers(true)
                .build();
    }

    private static Resizing part(int left, int top, int width, int height) {
        var part = Resizing.Part.newBuilder()
                .setLeft(left)
                .setTop(top)
                .setSize(Size.newBuilder().setWidth(width).setHeight(height));
        return Resizing.newBuilder()
                .addSteps(Resizing.Step.newBuilder().setPart(part))
                .build();
    }
}
