package dev.weir.engine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.LatentShape;
import org.junit.jupiter.api.Test;

class BilinearTest {

    @Test
    void pixelsAreAreasWhoseEdgeContinues() {
        float[] row = Bilinear.enlarge(new LatentShape(1, 1, 2), new float[] {0, 4}, 2);

        assertThat(row).containsExactly(0, 1, 3, 4, 0, 1, 3, 4);
    }

    @Test
    void rowsAreInterpolatedAsColumnsAre() {
        float[] column = Bilinear.enlarge(new LatentShape(1, 2, 1), new float[] {0, 4}, 2);

        assertThat(column).containsExactly(0, 0, 1, 1, 3, 3, 4, 4);
    }

    @Test
    void channelsDoNotMix() {
        float[] planes = Bilinear.enlarge(new LatentShape(2, 1, 1), new float[] {-1, 5}, 2);

        assertThat(planes).containsExactly(-1, -1, -1, -1, 5, 5, 5, 5);
    }

    @Test
    void aFactorOfOneChangesNothing() {
        float[] planes = {1, 2, 3, 4, 5, 6};

        assertThat(Bilinear.enlarge(new LatentShape(1, 2, 3), planes, 1)).containsExactly(planes);
    }

    @Test
    void aFactorBelowOneIsRefused() {
        assertThatThrownBy(() -> Bilinear.enlarge(new LatentShape(1, 1, 1), new float[1], 0))
                .hasMessageContaining("0");
    }
}
