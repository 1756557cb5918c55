package dev.weir.runtime.route;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.Stage;
import java.util.List;
import org.junit.jupiter.api.Test;

class PortsTest {

    /** Image to image with an upsampler: the image's latent is kept, the text is made again. */
    private static final List<Stage> ROUTE = List.of(
            stage("text-encoder").addGives("cond").addGives("uncond").build(),
            stage("image-encoder").addTakes("input/image").addGives("image").build(),
            stage("denoiser")
                    .addTakes("cond")
                    .addTakes("uncond")
                    .addTakes("image")
                    .addKeeps("image")
                    .addGives("latent")
                    .build(),
            stage("upsampler")
                    .addTakes("cond")
                    .addTakes("latent")
                    .addKeeps("latent")
                    .addGives("latent")
                    .build(),
            stage("decoder").addTakes("latent").addKeeps("latent").build());

    @Test
    void aSampleEntersAtTheEarliestStageThatMakesWhatIsMissing() {
        assertThat(Ports.next(ROUTE, 0, 0, List.of())).isZero();
        assertThat(Ports.next(ROUTE, 0, 2, List.of("image"))).isZero();
        assertThat(Ports.next(ROUTE, 0, 2, List.of("image", "cond/states", "uncond/states")))
                .isEqualTo(2);
        assertThat(Ports.next(ROUTE, 0, 2, List.of("cond/states", "uncond/states")))
                .isEqualTo(1);
        assertThat(Ports.next(ROUTE, 0, 3, List.of("latent"))).isZero();
        assertThat(Ports.next(ROUTE, 0, 4, List.of("latent"))).isEqualTo(4);
    }

    @Test
    void onItsWayToWhereItContinuesItSkipsStagesThatMakeNothingMissing() {
        assertThat(Ports.next(ROUTE, 1, 2, List.of("image", "cond/states"))).isEqualTo(2);
        assertThat(Ports.next(ROUTE, 1, 3, List.of("latent", "cond/states"))).isEqualTo(3);
        assertThat(Ports.next(ROUTE, 1, 2, List.of("cond/states", "uncond/states")))
                .isEqualTo(1);
    }

    @Test
    void whatAMakerTakesIsMadeAgainToo() {
        assertThat(Ports.next(ROUTE, 0, 4, List.of()))
                .as("the latent needs the denoiser, which needs both encoders")
                .isZero();
        assertThat(Ports.next(ROUTE, 1, 4, List.of("cond/states"))).isEqualTo(1);
    }

    @Test
    void aPortStandsForItsTensors() {
        assertThat(Ports.isTaken(ROUTE, 0, "cond/states")).isTrue();
        assertThat(Ports.isTaken(ROUTE, 0, "conditional")).isFalse();
        assertThat(Ports.isTaken(ROUTE, 0, "image")).isTrue();
        assertThat(Ports.isTaken(ROUTE, 3, "image")).isFalse();
        assertThat(Ports.isKept(ROUTE, 0, "latent")).isTrue();
        assertThat(Ports.isKept(ROUTE, 0, "cond/states")).isFalse();
    }

    private static Stage.Builder stage(String name) {
        return Stage.newBuilder().setName(name);
    }
}
