package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.weir.engine.AddOns;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.control.ControlNet;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.engine.control.ControlPicture;
import dev.weir.engine.weights.FittingFiles;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Attachment;
import dev.weir.proto.v1.Control;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Work;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

final class ControlsTest {

    private static final Path FIXTURES = Path.of("../engine/src/test/resources/reference");
    private static final String FIELD = "controlnets[0].image";

    private final FittingFiles<ControlNet> nets = ModelFolder.open(
                    FIXTURES.resolve("checkpoints/sd1"),
                    Optional.empty(),
                    List.of(),
                    Optional.empty(),
                    AddOns.of(ControlNetFolders.open(List.of(FIXTURES.resolve("controlnets/sd1")))))
            .controlNets();
    private final Controls controls = new Controls(nets);

    @Test
    void theImagesOfARequestShareThePictureThatTheySteerBy() throws IOException {
        ControlPicture first = picture("one file", 32, "none");

        assertThat(picture("one file", 32, "none")).isSameAs(first);
        assertThat(picture("another file", 32, "none")).isNotSameAs(first);
        assertThat(picture("one file", 32, "invert")).isNotEqualTo(first);
        assertThat(picture("one file", 24, "none").picture().width()).isEqualTo(24);
        assertThat(first.picture().width()).isEqualTo(32);
    }

    private ControlPicture picture(String digest, int side, String preprocess) throws IOException {
        ControlNet net = nets.byName().values().iterator().next();
        Generation generation = Generation.newBuilder()
                .addAttachments(Attachment.newBuilder().setName(FIELD).setSha256(ByteString.copyFromUtf8(digest)))
                .addControls(Control.newBuilder()
                        .setNet(dev.weir.proto.v1.ControlNet.newBuilder()
                                .setName(net.name())
                                .setFingerprint(net.fingerprint())
                                .setStage("denoiser"))
                        .setImage(FIELD)
                        .setPreprocess(preprocess)
                        .setEnd(1))
                .build();
        Task task = Task.newBuilder()
                .setGeneration(generation)
                .addRoute(Stage.newBuilder().setName("denoiser").setWidth(side).setHeight(side))
                .build();
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB), "png", file);
        Work work = new Work(task, List.of(Tensor.ofBytes("input/" + FIELD, file.toByteArray())));
        return controls.of(work).get(0).picture();
    }
}
