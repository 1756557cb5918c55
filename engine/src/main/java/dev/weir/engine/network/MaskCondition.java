package dev.weir.engine.network;

import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What the asymmetric decoder sees of the picture that stays, at each of its levels: diffusers' {@code MaskConditionEncoder}.
 *
 * @param channels of the decoder's levels, from the picture's size to the latent's
 */
record MaskCondition(List<Integer> channels) {

    private static final int STRIDE = 16;

    /** The place of a layer's output: its width, and how often the picture's sides were halved for it. */
    private record Place(int channels, int halvings) {}

    /** Whether a layer has the width of what each level of the decoder sees. */
    boolean fits() {
        var widths = widths();
        var places = IntStream.range(0, widths.size())
                .mapToObj(i -> place(widths, i))
                .collect(Collectors.toSet());
        int last = channels.size() - 1;
        return places.contains(new Place(channels.get(0), 0))
                && IntStream.rangeClosed(0, last)
                        .allMatch(i -> places.contains(new Place(channels.get(Math.min(last, i + 1)), i)));
    }

    private static Place place(List<Integer> widths, int layer) {
        return new Place(widths.get(layer), Math.max(0, layer - 1));
    }

    /** @param mask 0 where the picture stays */
    AutoencoderBlocks.Seen layers(Graph g, Value picture, Value mask) {
        Map<Place, Value> outputs = new HashMap<>();
        var x = g.multiply(picture, inverse(g, mask));
        var widths = widths();
        for (int i = 0; i < widths.size(); i++) {
            x = g.conv2d(x, "layers." + i, widths.get(i), i < 2 ? 3 : 4, i < 2 ? 1 : 2, 1);
            outputs.put(place(widths, i), x);
            x = g.relu(x);
        }
        return (sample, halvings) -> {
            var known = outputs.get(new Place(sample.channels(), halvings));
            var here = g.upsampleTo(mask, sample);
            return g.add(g.multiply(sample, here), g.multiply(known, inverse(g, here)));
        };
    }

    private static Value inverse(Graph g, Value mask) {
        return g.shift(g.scale(mask, -1), 1);
    }

    private List<Integer> widths() {
        int most = channels.get(channels.size() - 1);
        int out = channels.get(0);
        var widths = new ArrayList<Integer>();
        for (int stride = STRIDE; stride > 1; stride /= 2) {
            out = Math.min(out, most);
            widths.add(out);
            out *= 2;
        }
        widths.add(most);
        return widths;
    }
}
