package dev.weir.engine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class DepthMapTest {

    @Test
    void greyOf16BitsKeepsThemAndColoursCountByTheirLuma() throws IOException {
        var deep = new BufferedImage(2, 1, BufferedImage.TYPE_USHORT_GRAY);
        deep.getRaster().setSample(0, 0, 0, 40_001);
        deep.getRaster().setSample(1, 0, 0, 300);
        assertThat(read(deep).values()).containsExactly(40_001, 300);

        var colours = new BufferedImage(2, 1, BufferedImage.TYPE_INT_RGB);
        colours.setRGB(0, 0, 0xFFFFFF);
        colours.setRGB(1, 0, 0x00FF00);
        assertThat(read(colours).values()).containsExactly(255, 150);
    }

    @Test
    void theNearestIsOneAndTheFarthestMinusOne() {
        var map = new DepthMap(2, 2, new float[] {5, 5, 9, 7});
        assertThat(map.spread(2, 2)).containsExactly(-1, -1, 1, 0);
    }

    @Test
    void aFlatMapSaysNothing() {
        var map = new DepthMap(3, 2, new float[] {7, 7, 7, 7, 7, 7});
        assertThatThrownBy(() -> map.spread(2, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("depth_map: all of it is equally near");
    }

    private static DepthMap read(BufferedImage image) throws IOException {
        var file = new ByteArrayOutputStream();
        ImageIO.write(image, "png", file);
        return DepthMap.read(file.toByteArray(), PictureReader.Limits.DEFAULT);
    }
}
