package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.JsonFile;
import dev.weir.engine.ReferenceFile;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The precision in which networks run where fp16 is wanted, which published weights of some overflow. */
class TargetTest {

    @ParameterizedTest
    @CsvSource({
        "flux/dev/transformer,BF16",
        "flux/dev/text_encoder_2,FP32",
        "z_image/model/transformer,BF16",
        "z_image/model/text_encoder,BF16",
        "sd3/sd3/transformer,FP16",
        "checkpoints/sd1/unet,FP16"
    })
    void networksThatOverflowFp16HaveAnother(String folder, Precision precision) {
        Network network = NetworkType.read(JsonFile.read(ReferenceFile.path(folder + "/config.json")));
        assertThat(network.target(new ComputeTarget("cuda", Precision.FP16, Engine.TORCH)))
                .isEqualTo(new ComputeTarget("cuda", precision, Engine.TORCH));
        var full = new ComputeTarget("cpu", Precision.FP32, Engine.ONNX);
        assertThat(network.target(full)).isEqualTo(full);
    }
}
