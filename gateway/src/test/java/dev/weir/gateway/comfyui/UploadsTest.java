package dev.weir.gateway.comfyui;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.gateway.api.ReadImage;
import dev.weir.gateway.job.Attachment;
import dev.weir.gateway.job.ImageMemory;
import dev.weir.gateway.job.RefusedException;
import org.junit.jupiter.api.Test;

/** Who makes room for new images. */
final class UploadsTest {

    private static final int MIB = 1 << 20;

    private final ImageMemory memory = new ImageMemory(16 * MIB);
    private final Uploads uploads = new Uploads(4 * MIB, memory);

    private static ReadImage.Fine image(int bytes) {
        return new ReadImage.Fine(
                new Attachment("image", "image/png", 8, 8, new byte[] {(byte) bytes}, new byte[bytes]));
    }

    @Test
    void theCallerWithMostImagesMakesRoom() {
        uploads.add("modest", "one", image(MIB), true);
        for (int i = 0; i < 10; i++) {
            uploads.add("greedy", "many " + i, image(MIB), true);
        }
        uploads.add("third", "new", image(MIB), true);

        assertThat(uploads.of("modest")).containsOnlyKeys("one");
        assertThat(uploads.of("greedy")).containsOnlyKeys("many 8", "many 9");
        assertThat(uploads.of("third")).containsOnlyKeys("new");
    }

    @Test
    void smallImagesTakeRoomToo() {
        uploads.add("modest", "one", image(1), true);
        for (int i = 0; i < 1000; i++) {
            uploads.add("greedy", "many " + i, image(1), true);
        }

        assertThat(uploads.of("modest")).hasSize(1);
        assertThat(uploads.of("greedy")).hasSize(63).containsKey("many 999").doesNotContainKey("many 0");
    }

    @Test
    void aMaskGoesWithItsImage() {
        uploads.add("one", "photo", image(MIB), true);
        uploads.mask("one", "photo", image(MIB));
        uploads.add("one", "second", image(MIB), true);
        assertThat(uploads.find("one", "photo").orElseThrow().mask()).isNotNull();

        uploads.add("one", "third", image(2 * MIB), true);

        assertThat(uploads.of("one")).containsOnlyKeys("second", "third");
    }

    @Test
    void onlyWhatIsThereHoldsMemory() {
        for (int i = 0; i < 20; i++) {
            uploads.add("one", "image " + i, image(MIB), true);
            uploads.add("one", "image " + i, image(MIB), true);
            uploads.mask("one", "image " + i, image(MIB));
        }

        memory.takeUpload(4 * MIB);
        assertThatThrownBy(() -> memory.takeUpload(1)).isInstanceOf(RefusedException.class);
    }

    @Test
    void anImageThatIsLargerThanAllRoomIsAlone() {
        uploads.add("one", "small", image(MIB), true);
        uploads.add("one", "large", image(5 * MIB), true);

        assertThat(uploads.of("one")).containsOnlyKeys("large");
    }
}
