package dev.weir.engine.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.ReferenceFile;
import dev.weir.engine.weights.SafetensorsFile;
import java.nio.ByteBuffer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code tools/reference/fills.py} made with PIL's own filters, to the bit. */
class MaskFillTest {

    private static final SafetensorsFile FILLS = SafetensorsFile.open(ReferenceFile.path("images/fills.safetensors"));

    @ParameterizedTest
    @ValueSource(strings = {"sharp", "soft", "whole"})
    void theMaskedPartHasColoursFromAroundIt(String mask) {
        Bitmap filled = MaskFill.of(bitmap("photo", Bitmap.RGB), bitmap(mask + "/mask", Bitmap.GREY));

        assertThat(filled).isEqualTo(bitmap(mask + "/filled", Bitmap.RGB)).isNotEqualTo(bitmap("photo", Bitmap.RGB));
    }

    private static Bitmap bitmap(String tensor, int channels) {
        ByteBuffer bytes = FILLS.bytes(tensor);
        byte[] values = new byte[bytes.remaining()];
        bytes.get(values);
        long[] shape = FILLS.info(tensor).shape();
        return new Bitmap((int) shape[1], (int) shape[0], channels, values);
    }
}
