package dev.weir.runtime.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.Parcel;
import dev.weir.proto.ParcelCodec;
import dev.weir.proto.v1.ControlNet;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.StageKind;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A status must fit into one message of the bus, or the node is not heard of any more. */
class StatedModelsTest {

    private static final int MOST_MODELS = 200;
    private static final int MOST_FILES = 1000;

    private final StatedModels stated = new StatedModels(StageKind.DENOISER);

    @Test
    void theMostModelsOfAFolderAreAllStated() {
        List<ModelStatus> models = models(MOST_MODELS, 0);

        assertThat(stated.fitting(models)).isEqualTo(models);
        assertEncodes(models);
    }

    @Test
    void aModelWithTheMostLorasAndControlNetsIsStated() {
        List<ModelStatus> models = models(1, MOST_FILES);

        assertThat(stated.fitting(models)).isEqualTo(models);
        assertEncodes(models);
    }

    @Test
    void ofModelsThatDoNotFitTheFirstAreStated() {
        List<ModelStatus> models = models(MOST_MODELS, MOST_FILES);

        List<ModelStatus> fitting = stated.fitting(models);

        assertThat(fitting).hasSizeGreaterThan(5).isEqualTo(models.subList(0, fitting.size()));
        assertEncodes(models);
    }

    private void assertEncodes(List<ModelStatus> models) {
        Buffer wire = Buffer.buffer();
        Parcel parcel = Parcel.of(
                NodeStatus.newBuilder().addAllModels(stated.fitting(models)).build());
        new ParcelCodec().encodeToWire(wire, parcel);
        assertThat(new ParcelCodec().decodeFromWire(0, wire)).isEqualTo(parcel);
    }

    /** Each has about 6 KB beside its LoRAs and ControlNets. */
    private static List<ModelStatus> models(int count, int files) {
        ModelCard.Builder card = ModelCard.newBuilder();
        for (int i = 0; i < 60; i++) {
            card.addSamplers(Sampler.newBuilder().setName("sampler-" + i).addSchedules("s".repeat(80)));
        }
        for (int i = 0; i < files; i++) {
            String name = "a name of an ordinary length " + i;
            card.addLoras(Lora.newBuilder()
                    .setName(name)
                    .setFingerprint("0123456789abcdef")
                    .addStages("denoiser"));
            card.addControlnets(ControlNet.newBuilder()
                    .setName(name)
                    .setFingerprint("0123456789abcdef")
                    .setStage("denoiser"));
        }
        return IntStream.range(0, count)
                .mapToObj(i -> ModelStatus.newBuilder()
                        .setId("model-" + i)
                        .setCard(card.setId("model-" + i))
                        .build())
                .toList();
    }
}
