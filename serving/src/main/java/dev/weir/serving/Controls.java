package dev.weir.serving;

import dev.weir.engine.control.Control;
import dev.weir.engine.control.ControlNet;
import dev.weir.engine.control.ControlPicture;
import dev.weir.engine.image.PictureReader;
import dev.weir.engine.image.Preprocessor;
import dev.weir.proto.v1.Stage;
import dev.weir.runtime.stage.Work;
import java.util.List;
import java.util.Map;

/** The ControlNets that a request names, among those that a node has, with the pictures that they steer by. Stateless; any thread. */
final class Controls {

    private Controls() {}

    /**
     * Those that steer the work's stage, in the request's order. Reads and resizes their pictures.
     *
     * @param known the node's, by name
     * @throws IllegalArgumentException that names one that the node does not have as the request means it
     * @throws dev.weir.picture.PictureException that names a picture that cannot be read
     */
    static List<Control> of(Work work, Map<String, ControlNet> known) {
        Stage stage = work.stage();
        return work.task().getGeneration().getControlsList().stream()
                .filter(control -> control.getNet().getStage().equals(stage.getName()))
                .map(control -> new Control(
                        find(control.getNet(), known),
                        ControlPicture.of(
                                Inputs.read(work, Inputs.file(control.getImage()), PictureReader::read),
                                stage.getWidth(),
                                stage.getHeight(),
                                Preprocessor.named(control.getPreprocess())),
                        control.getScale(),
                        control.getStart(),
                        control.getEnd(),
                        control.getGuess()))
                .toList();
    }

    private static ControlNet find(dev.weir.proto.v1.ControlNet named, Map<String, ControlNet> known) {
        ControlNet net = known.get(named.getName());
        if (net == null || !net.fingerprint().equals(named.getFingerprint())) {
            throw new IllegalArgumentException("the ControlNet \"%s\" %s"
                    .formatted(named.getName(), net == null ? "is not here" : "is another one here"));
        }
        return net;
    }
}
