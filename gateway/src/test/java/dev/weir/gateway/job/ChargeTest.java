package dev.weir.gateway.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.gateway.job.JobSpec.Terms;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Size;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Upscaler;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChargeTest {

    private static final Upscaler X4 =
            Upscaler.newBuilder().setName("x4").setScale(4).build();

    private static Resizing.Builder enlarged() {
        return Resizing.newBuilder().addSteps(Resizing.Step.newBuilder().setUpscaler("x4"));
    }

    private static double pixelSteps(Generation.Builder generation, List<Attachment> attachments, Stage... route) {
        return Charge.of(new JobSpec(
                        "m",
                        List.of(route),
                        generation.setWidth(64).setHeight(32).build(),
                        3,
                        Preview.getDefaultInstance(),
                        attachments,
                        new Terms("", Priority.STANDARD, OnDisconnect.FINISH)))
                .pixelSteps();
    }

    @Test
    void anUpscalerCountsAsAStepOfTheSizeThatItMakes() {
        Stage decoder =
                Stage.newBuilder().setName("decoder").setRole(StageRole.DECODE).build();
        Generation.Builder finished = Generation.newBuilder().addUpscalers(X4).setFinishing(enlarged());

        assertThat(pixelSteps(finished, List.of(), decoder)).isEqualTo(3 * 256 * 128);
        assertThat(pixelSteps(Generation.newBuilder(), List.of(), decoder)).isZero();

        Resizing.Builder scaledBetween = enlarged()
                .addSteps(Resizing.Step.newBuilder()
                        .setFilter("lanczos")
                        .setSize(Size.newBuilder().setWidth(10).setHeight(10)))
                .addAllSteps(enlarged().getStepsList());
        assertThat(pixelSteps(Generation.newBuilder().addUpscalers(X4).setFinishing(scaledBetween), List.of(), decoder))
                .isEqualTo(3 * (256 * 128 + 40 * 40));
    }

    @Test
    void aPictureOfTheRequestHasASizeOfItsOwn() {
        Stage decoder =
                Stage.newBuilder().setName("decoder").setRole(StageRole.DECODE).build();
        var picture = new Attachment("init_image", "image/png", 100, 10, new byte[32], new byte[1]);

        assertThat(pixelSteps(
                        Generation.newBuilder().addUpscalers(X4).setResizing(enlarged()), List.of(picture), decoder))
                .isEqualTo(3 * 400 * 40);
    }
}
