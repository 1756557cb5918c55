package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a report says of a folder is what happens when it is served: every part loads and makes a picture, or it is refused. */
class AgreementTest {

    private static final ComputeTarget CPU = new ComputeTarget("cpu", Precision.FP32);

    @TempDir
    Path temporary;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "unet/config.json | dropout | 0.1 | true",
                "unet/config.json | upcast_attention | true | true",
                "unet/config.json | sample_size | 16 | true",
                "unet/config.json | num_class_embeds | 4 | false",
                "unet/config.json | class_embed_type | \"timestep\" | false",
                "unet/config.json | class_embed_type | \"identity\" | false",
                "unet/config.json | class_embed_type | \"projection\" | false",
                "unet/config.json | addition_embed_type | \"text_time\" | false",
                "unet/config.json | encoder_hid_dim | 16 | false",
                "unet/config.json | time_cond_proj_dim | 256 | false",
                "unet/config.json | time_embedding_type | \"fourier\" | false",
                "unet/config.json | attention_type | \"gated\" | false",
                "unet/config.json | sample_size | [8, 8] | false",
                "unet/config.json | in_channels | 9 | false",
                "unet/config.json | out_channels | 8 | false",
                "unet/config.json | cross_attention_dim | 48 | false",
                "vae/config.json | shift_factor | 0.1 | true",
                "vae/config.json | force_upcast | true | true",
                "vae/config.json | latents_mean | [0.1] | false",
                "vae/config.json | latent_channels | 16 | false",
                "vae/config.json | scaling_factor | \"much\" | false",
                "text_encoder/config.json | hidden_act | \"relu\" | false",
                "text_encoder/config.json | hidden_size | 48 | false",
                "text_encoder/config.json | architectures | [\"T5EncoderModel\"] | false",
                "scheduler/scheduler_config.json | skip_prk_steps | false | true",
                "scheduler/scheduler_config.json | thresholding | true | true",
                "scheduler/scheduler_config.json | prediction_type | \"flow_prediction\" | false",
                "scheduler/scheduler_config.json | use_lunar_sigmas | true | false",
                "scheduler/scheduler_config.json | _class_name | \"MagicScheduler\" | false",
                "model_index.json | _class_name | \"StableDiffusionPanoramaPipeline\" | false",
                "model_index.json | scheduler | [\"diffusers\", \"UniPCMultistepScheduler\"] | true",
                "model_index.json | scheduler | [\"diffusers\", \"DPMSolverSDEScheduler\"] | false",
                "model_index.json | scheduler | [\"diffusers\", \"EulerDiscreteScheduler\"] | true",
                "model_index.json | image_encoder | [\"transformers\", \"CLIPVisionModelWithProjection\"] | false",
                "model_index.json | requires_safety_checker | false | true",
            })
    void aReportSaysWhatServingDoes(String file, String key, String value, boolean runs) throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        ObjectMapper json = new ObjectMapper();
        Path changed = model.resolve(file);
        ObjectNode config = (ObjectNode) json.readTree(changed.toFile());
        config.set(key, json.readTree(value));
        Files.writeString(changed, config.toString());

        assertThat(ModelReport.inspect(model).runs()).as("reported").isEqualTo(runs);
        assertThat(isServed(model)).as("served").isEqualTo(runs);
    }

    private static boolean isServed(Path model) {
        try {
            ModelFolder folder = ModelFolder.open(model);
            Tensors states;
            try (TextEncoder encoder = folder.textEncoder(CPU)) {
                states = encoder.states(List.of("a")).get(0);
            }
            LatentShape shape = new LatentShape(4, 8, 8);
            float[] latent = new float[shape.size()];
            try (Denoiser denoiser = folder.denoiser(CPU);
                    ImageCodec codec = folder.imageCodec(CPU)) {
                denoiser.predict(shape, List.of(new Denoiser.Row(latent, 1, states)));
                codec.decode(shape, List.of(latent));
            }
            return true;
        } catch (ModelException e) {
            return false;
        }
    }
}
