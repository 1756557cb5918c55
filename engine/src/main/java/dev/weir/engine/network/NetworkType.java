package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ModelException;
import java.util.List;
import java.util.function.Function;

/**
 * A class of networks by the name that diffusers or transformers gives it. A new network is one more entry of {@link #ALL}.
 *
 * @param kind what runs it
 * @param reader reads the options; throws ModelException where one is not known
 */
record NetworkType(String className, Class<? extends Network> kind, Function<JsonNode, Network> reader) {

    static final List<NetworkType> ALL = List.of(
            new NetworkType("CLIPTextModel", TextNetwork.class, ClipTextModel::read),
            new NetworkType("CLIPTextModelWithProjection", TextNetwork.class, ClipTextModel::read),
            new NetworkType("BertModel", TextNetwork.class, BertModel::read),
            new NetworkType(LdmBertModel.NAME, TextNetwork.class, LdmBertModel::read),
            new NetworkType(T5EncoderModel.NAME, TextNetwork.class, T5EncoderModel::read),
            new NetworkType(Qwen3Model.NAME, TextNetwork.class, Qwen3Model::read),
            new NetworkType(Qwen3Model.LANGUAGE_MODEL, TextNetwork.class, Qwen3Model::read),
            new NetworkType(GlideTextModel.NAME, TextNetwork.class, GlideTextModel::read),
            new NetworkType("UNet2DConditionModel", DenoisingNetwork.class, UNet2DConditionModel::read),
            new NetworkType(ControlNetModel.NAME, ControlNetModel.class, ControlNetModel::read),
            new NetworkType(T2iAdapterModel.NAME, T2iAdapterModel.class, T2iAdapterModel::read),
            new NetworkType(UNet2DModel.NAME, DenoisingNetwork.class, UNet2DModel::read),
            new NetworkType(NoisyClassifier.NAME, NoisyClassifier.class, NoisyClassifier::read),
            new NetworkType(FluxTransformer.NAME, DenoisingNetwork.class, FluxTransformer::read),
            new NetworkType(ZImageTransformer.NAME, DenoisingNetwork.class, ZImageTransformer::read),
            new NetworkType(Sd3Transformer.NAME, DenoisingNetwork.class, Sd3Transformer::read),
            new NetworkType(DitTransformer.NAME, DenoisingNetwork.class, DitTransformer::read),
            new NetworkType(DitTransformer.OLD_NAME, DenoisingNetwork.class, DitTransformer::read),
            new NetworkType(PixArtTransformer.NAME, DenoisingNetwork.class, PixArtTransformer::read),
            new NetworkType(Pvcnn2.NAME, DenoisingNetwork.class, Pvcnn2::read),
            new NetworkType(PriorTransformer.NAME, DenoisingNetwork.class, PriorTransformer::read),
            new NetworkType(UnclipTextProjection.NAME, UnclipTextProjection.class, UnclipTextProjection::read),
            new NetworkType(AutoencoderKl.NAME, Autoencoder.class, AutoencoderKl::read),
            new NetworkType(AutoencoderKl.ASYMMETRIC, Autoencoder.class, AutoencoderKl::readAsymmetric),
            new NetworkType(AutoencoderTiny.NAME, Autoencoder.class, AutoencoderTiny::read),
            new NetworkType(VqModel.NAME, Autoencoder.class, VqModel::read),
            new NetworkType(StableCascadeUnet.NAME, DenoisingNetwork.class, StableCascadeUnet::read),
            new NetworkType(WuerstchenPrior.NAME, DenoisingNetwork.class, WuerstchenPrior::read),
            new NetworkType(WuerstchenDiffNext.NAME, DenoisingNetwork.class, WuerstchenDiffNext::read),
            new NetworkType(PaellaVqModel.NAME, Autoencoder.class, PaellaVqModel::read),
            new NetworkType("CLIPVisionModelWithProjection", ClipVisionModel.class, ClipVisionModel::read),
            new NetworkType("StableDiffusionSafetyChecker", SafetyChecker.class, SafetyChecker::read));

    static List<String> names(Class<? extends Network> kind) {
        return ALL.stream()
                .filter(type -> kind.isAssignableFrom(type.kind))
                .map(NetworkType::className)
                .toList();
    }

    /** The network of a configuration. Throws ModelException where the network or an option is not known. */
    static Network read(JsonNode config) {
        return of(config).reader.apply(config);
    }

    /** See {@link #read(JsonNode)}; also throws where the network is of another kind. */
    static <N extends Network> N read(JsonNode config, Class<N> kind) {
        var type = of(config);
        if (!kind.isAssignableFrom(type.kind)) {
            throw new ModelException("%s where one of %s is expected".formatted(type.className, names(kind)));
        }
        return kind.cast(type.reader.apply(config));
    }

    private static NetworkType of(JsonNode config) {
        var name = className(config);
        return ALL.stream()
                .filter(type -> type.className.equals(name))
                .findFirst()
                .orElseThrow(() -> new ModelException(
                        "%s is not a network that Weir knows; it knows %s".formatted(name, names(Network.class))));
    }

    /** A component's class, as diffusers or as transformers writes it. */
    static String className(JsonNode config) {
        var name = config.path("_class_name")
                .asText(config.path("architectures").path(0).asText(""));
        if (name.isEmpty()) {
            throw new ModelException("config.json names no network: it has neither _class_name nor architectures");
        }
        return name;
    }
}
