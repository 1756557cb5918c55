package dev.weir.engine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.engine.LatentShape;
import dev.weir.engine.ReferenceFile;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Latents at other sizes beside PyTorch's: {@code tools/reference/latent_sizes.py}. */
class InterpolationTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("images/latent_sizes.safetensors");
    private static final LatentShape SHAPE = new LatentShape(2, 4, 6);
    private static final Map<String, int[]> SIZES =
            Map.of("larger", new int[] {8, 12}, "other", new int[] {7, 5}, "smaller", new int[] {2, 3});

    @ParameterizedTest
    @EnumSource
    void everySizeIsPytorchs(Interpolation mode) {
        SIZES.forEach((name, sides) -> {
            float[] theirs = TENSORS.floats(mode.word() + "/" + name);

            float[] ours = mode.resize(SHAPE, TENSORS.floats("latent"), sides[0], sides[1]);

            assertSame(name, ours, theirs);
        });
    }

    private static void assertSame(String name, float[] ours, float[] theirs) {
        assertThat(ours).as(name).hasSameSizeAs(theirs);
        for (int i = 0; i < ours.length; i++) {
            assertThat(ours[i]).as("%s, number %d", name, i).isCloseTo(theirs[i], within(1e-5f));
        }
    }

    /** Vectors of one direction, of opposite ones, and of no length. */
    @Test
    void vectorsWithoutAnAngleAreComfyuis() {
        float[] ours = Interpolation.BISLERP.resize(SHAPE, TENSORS.floats("alike"), 7, 9);

        assertSame("alike", ours, TENSORS.floats("bislerp/alike"));
    }

    @Test
    void theMiddleHasTheProportionsOfTheNewSize() {
        Map.of("wide", new int[] {4, 12}, "high", new int[] {12, 6}, "square", new int[] {9, 9})
                .forEach((name, sides) -> {
                    float[] ours =
                            Interpolation.BILINEAR.resizeMiddle(SHAPE, TENSORS.floats("latent"), sides[0], sides[1]);

                    assertSame(name, ours, TENSORS.floats("center/" + name));
                });
    }
}
