package dev.weir.gateway.api;

import dev.weir.proto.v1.Control;
import dev.weir.proto.v1.ControlNet;
import dev.weir.proto.v1.ModelCard;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads which ControlNets and T2I-Adapters a request names, among those that nodes have for its model. Stateless. */
final class ControlReader {

    static final double MAX_SCALE = 10;
    static final List<String> PREPROCESSORS = List.of("none", "canny", "blur", "invert");

    private static final Set<String> KEYS = Set.of("name", "scale", "start", "end", "preprocess", "guess");

    private ControlReader() {}

    static List<Control> read(Fields fields, ModelCard card) {
        List<Fields> entries = fields.objects(ControlImages.LIST, ControlImages.MOST);
        List<Control> controls = new ArrayList<>();
        for (Fields use : entries) {
            controls.add(read(use, ControlImages.name(controls.size()), fields, card));
        }
        for (int i = entries.size(); i < ControlImages.MOST; i++) {
            if (fields.has(ControlImages.name(i))) {
                throw fields.invalid(
                        "unknown_parameter", ControlImages.name(i), "is the image of an entry that is not there");
            }
        }
        return controls;
    }

    private static Control read(Fields use, String image, Fields fields, ModelCard card) {
        use.allowOnly(KEYS);
        String name = use.text("name").orElseThrow(() -> use.missing("name"));
        ControlNet net = KnownFiles.controlNets(card).find(use, "name", name);
        if (!fields.has(image)) {
            throw use.missing("image");
        }
        double start = use.real("start", 0, 1).orElse(0.0);
        double end = use.real("end", 0, 1).orElse(1.0);
        if (start >= end) {
            throw use.invalid("invalid_value", "start", "must be less than end, %s, not %s".formatted(end, start));
        }
        boolean guess = use.flag("guess");
        if (guess && net.getT2IAdapter()) {
            throw use.invalid(
                    "invalid_value",
                    "guess",
                    "is refused: guess mode is for ControlNets, and \"%s\" is a T2I-Adapter".formatted(name));
        }
        return Control.newBuilder()
                .setNet(net)
                .setImage(image)
                .setPreprocess(use.oneOf("preprocess", PREPROCESSORS).orElse("none"))
                .setScale(use.real("scale", 0, MAX_SCALE).orElse(1.0).floatValue())
                .setStart(start)
                .setEnd(end)
                .setGuess(guess)
                .build();
    }
}
