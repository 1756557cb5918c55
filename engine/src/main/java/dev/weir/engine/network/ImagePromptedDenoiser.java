package dev.weir.engine.network;

import dev.weir.engine.Denoiser;
import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.adapter.ImageLayers;
import dev.weir.engine.adapter.IpAdapter;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.control.ControlNet;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * A denoiser whose rows may have images beside their prompts. Forwards without any run the plain network. Others run a second one of
 * the same weights, whose attentions to the prompt also see images; rows without have zeros there. The keys and values of a sample's
 * images are computed once, so rows of different adapters share a forward. One device thread owns it.
 */
final class ImagePromptedDenoiser implements Denoiser {

    /** The adapters that one row may have. */
    static final int MOST = 4;

    private static final int MOST_LOADED = 4;

    private final Denoiser plain;
    private final IntFunction<Denoiser> seeing;
    private final ImagePrompts prompts;
    private final ImageKeys keys;
    private final Function<IpAdapter, Executable> loader;
    private final Recent<IpAdapter, Executable> adapters = new Recent<>(MOST_LOADED, Executable::close);
    private final Map<Seen, WeakReference<HostTensor>> attended = new HashMap<>();
    private Optional<Denoiser> opened = Optional.empty();
    private int count;

    private record Seen(IpAdapter adapter, float scale, HostTensor tokens) {}

    /**
     * @param seeing loads the network with attention to the images of so many adapters
     * @param loader loads an adapter's {@link ImageKeys}
     */
    ImagePromptedDenoiser(
            Denoiser plain, IntFunction<Denoiser> seeing, ImageLayers layers, Function<IpAdapter, Executable> loader) {
        this.plain = plain;
        this.seeing = seeing;
        this.prompts = new ImagePrompts(layers, MOST);
        this.keys = new ImageKeys(layers);
        this.loader = loader;
    }

    @Override
    public HostTensor attended(IpAdapter adapter, float scale, HostTensor tokens) {
        var seen = new Seen(adapter, scale, tokens);
        var known = Optional.ofNullable(attended.get(seen)).map(WeakReference::get);
        return known.orElseGet(() -> {
            var fresh = keys.of(adapters.get(adapter, () -> loader.apply(adapter)), tokens, scale);
            attended.values().removeIf(reference -> reference.get() == null);
            attended.put(seen, new WeakReference<>(fresh));
            return fresh;
        });
    }

    @Override
    public void expectImages() {
        expect(1);
    }

    private Denoiser expect(int images) {
        if (images > count) {
            opened.ifPresent(Denoiser::close);
            opened = Optional.empty();
            opened = Optional.of(seeing.apply(images));
            count = images;
        }
        return opened.orElseThrow();
    }

    @Override
    public List<float[]> predict(LatentShape sample, List<Row> rows) {
        int images = rows.stream().mapToInt(this::images).max().orElse(0);
        if (images == 0) {
            return plain.predict(sample, rows);
        }
        var network = expect(images);
        return network.predict(sample, rows.stream().map(this::completed).toList());
    }

    private int images(Row row) {
        int images = 0;
        while (row.inputs().has(ImagePrompts.name(images))) {
            images++;
        }
        return images;
    }

    /** Values that are zeros add nothing, whatever the keys. */
    private Row completed(Row row) {
        var inputs = row.inputs();
        int channels = keys.layers().channels();
        for (int i = images(row); i < count; i++) {
            inputs = inputs.with(ImagePrompts.name(i), HostTensor.of(new float[channels], channels, 1));
        }
        return new Row(row.sample(), row.timestep(), inputs, row.loras(), row.controls());
    }

    @Override
    public List<NetworkInput> inputs() {
        var all = new ArrayList<>(plain.inputs());
        all.addAll(prompts.inputs());
        return all;
    }

    @Override
    public void expect(Collection<Lora> loras) {
        plain.expect(loras);
    }

    @Override
    public void load(List<WeightedLora> loras, Collection<Lora> needed) {
        plain.load(loras, needed);
    }

    @Override
    public void loadControls(Collection<ControlNet> own, Collection<ControlNet> needed) {
        plain.loadControls(own, needed);
    }

    @Override
    public int inChannels() {
        return plain.inChannels();
    }

    @Override
    public int outChannels() {
        return plain.outChannels();
    }

    @Override
    public void close() {
        opened.ifPresent(Denoiser::close); // It uses weights of the plain one.
        plain.close();
        adapters.close();
    }
}
