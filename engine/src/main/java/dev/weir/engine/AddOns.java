package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.adapter.AdaptedParts;
import dev.weir.engine.adapter.IpAdapter;
import dev.weir.engine.adapter.IpAdapterFolders;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.LoraFolders;
import dev.weir.engine.control.ControlNet;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.engine.inversion.Embedding;
import dev.weir.engine.inversion.EmbeddingFolders;
import dev.weir.engine.network.LatentSpace;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.Pipeline;
import dev.weir.engine.pipeline.Port;
import dev.weir.engine.pipeline.TextPart;
import dev.weir.engine.weights.FittingFiles;
import dev.weir.engine.weights.Weights;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The folders of files that requests may name beside a model, and which of them fit one. Any thread. */
public record AddOns(
        LoraFolders loras,
        ControlNetFolders controlNets,
        EmbeddingFolders embeddings,
        IpAdapterFolders ipAdapters,
        UpscalerFolders upscalers) {

    private static final Logger LOG = LoggerFactory.getLogger(AddOns.class);

    public static final AddOns NONE =
            new AddOns(LoraFolders.NONE, ControlNetFolders.NONE, EmbeddingFolders.NONE, IpAdapterFolders.NONE);

    /** Without upscalers. */
    public AddOns(
            LoraFolders loras,
            ControlNetFolders controlNets,
            EmbeddingFolders embeddings,
            IpAdapterFolders ipAdapters) {
        this(loras, controlNets, embeddings, ipAdapters, UpscalerFolders.NONE);
    }

    public static AddOns of(LoraFolders loras) {
        return new AddOns(loras, ControlNetFolders.NONE, EmbeddingFolders.NONE, IpAdapterFolders.NONE);
    }

    public static AddOns of(ControlNetFolders controlNets) {
        return new AddOns(LoraFolders.NONE, controlNets, EmbeddingFolders.NONE, IpAdapterFolders.NONE);
    }

    public static AddOns of(EmbeddingFolders embeddings) {
        return new AddOns(LoraFolders.NONE, ControlNetFolders.NONE, embeddings, IpAdapterFolders.NONE);
    }

    public static AddOns of(IpAdapterFolders ipAdapters) {
        return new AddOns(LoraFolders.NONE, ControlNetFolders.NONE, EmbeddingFolders.NONE, ipAdapters);
    }

    public static AddOns of(UpscalerFolders upscalers) {
        return new AddOns(
                LoraFolders.NONE, ControlNetFolders.NONE, EmbeddingFolders.NONE, IpAdapterFolders.NONE, upscalers);
    }

    /**
     * Looks for files that come and go, on the caller's thread.
     *
     * @return whether models have other files than before
     */
    public boolean poll() {
        boolean changed = loras.poll();
        changed |= controlNets.poll();
        changed |= embeddings.poll();
        changed |= ipAdapters.poll();
        changed |= upscalers.poll();
        return changed;
    }

    /** The networks that LoRAs may change: the main diffusion's and the text encoders. Reads the names of the weights. */
    static AdaptedParts parts(PipelineIndex index, Pipeline pipeline) {
        String unet = pipeline.main().network();
        List<String> encoders =
                pipeline.type().texts().stream().map(TextPart::encoder).toList();
        Map<String, Map<String, List<Integer>>> layers = new HashMap<>();
        Stream.concat(Stream.of(unet), encoders.stream())
                .forEach(part ->
                        layers.put(part, Networks.layers(index.config(part).json(), index.weights(part))));
        return new AdaptedParts(unet, encoders, layers);
    }

    /** The LoRAs that fit a model. They change as files come and go. */
    FittingFiles<Lora> loras(PipelineIndex index, Pipeline pipeline, ModelCard card) {
        return loras == LoraFolders.NONE ? FittingFiles.none() : loras.of(card.id(), parts(index, pipeline));
    }

    /** The ControlNets and T2I-Adapters that fit a model. They change as files come and go. */
    FittingFiles<ControlNet> controlNets(PipelineIndex index, Pipeline pipeline, ModelCard card) {
        JsonNode unet = index.config(pipeline.main().network()).withoutNotes();
        if (controlNets == ControlNetFolders.NONE) {
            return FittingFiles.none();
        }
        if (!Networks.isSteerable(unet)) {
            LOG.warn("no ControlNet is offered for the model {}: its network is none that they steer", card.id());
            return FittingFiles.none();
        }
        LatentSpace latents = new LatentSpace(pipeline.latent().channels(), pipeline.scale());
        return controlNets.of(card.id(), new ControlFit(unet, latents));
    }

    private record ControlFit(JsonNode unet, LatentSpace latents) implements ControlNetFolders.Fit {

        @Override
        public int scale() {
            return latents.scale();
        }

        @Override
        public void require(JsonNode config, Weights weights) {
            Networks.requireControl(unet, latents, config, weights);
        }
    }

    /** The textual inversions that fit a model. They change as files come and go. */
    FittingFiles<Embedding> embeddings(PipelineIndex index, ModelCard card) {
        if (embeddings == EmbeddingFolders.NONE) {
            return FittingFiles.none();
        }
        Map<String, Integer> widths = TextEncoders.widths(index);
        if (widths.isEmpty()) {
            LOG.warn("no embedding is offered for the model {}: not all of its text encoders are CLIP's", card.id());
        }
        return embeddings.of(card.id(), widths);
    }

    /** The upscalers of all models. They change as files come and go. */
    FittingFiles<UpscalerFile> upscalers(ModelCard card) {
        return upscalers == UpscalerFolders.NONE ? FittingFiles.none() : upscalers.of(card.id());
    }

    /** The IP-Adapters that fit a model; none of a model whose stages see no pictures for them. They change as files come and go. */
    FittingFiles<IpAdapter> ipAdapters(PipelineIndex index, Pipeline pipeline, ModelCard card) {
        boolean sees = pipeline.workflows().stream()
                .flatMap(workflow -> workflow.stages().stream())
                .anyMatch(stage -> stage.takes().contains(Port.IP_ADAPTERS));
        if (ipAdapters == IpAdapterFolders.NONE) {
            return FittingFiles.none();
        }
        if (!sees) {
            LOG.warn("no IP-Adapter is offered for the model {}: no stage of it sees pictures for them", card.id());
            return FittingFiles.none();
        }
        JsonNode unet = index.config(pipeline.main().network()).json();
        return ipAdapters.of(card.id(), Networks.imageLayers(unet));
    }
}
