package dev.weir.serving;

import com.google.protobuf.ByteString;
import dev.weir.engine.control.Control;
import dev.weir.engine.control.ControlNet;
import dev.weir.engine.control.ControlPicture;
import dev.weir.engine.image.PictureReader;
import dev.weir.engine.image.Preprocessor;
import dev.weir.engine.weights.FittingFiles;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Stage;
import dev.weir.runtime.stage.Work;
import java.util.List;
import java.util.function.Supplier;

/**
 * The ControlNets of a stage, and what requests steer with them. Images of one request share the picture that they steer by, as long as one
 * of them is here. Any thread.
 */
final class Controls {

    private final FittingFiles<ControlNet> known;
    private final SharedReads<Seen, ControlPicture> seen = new SharedReads<>();

    /** What decides how a net sees a picture. */
    private record Seen(ByteString file, Resizing resizing, int width, int height, String preprocess) {}

    /** @param known the node's */
    Controls(FittingFiles<ControlNet> known) {
        this.known = known;
    }

    /** Whether any of a request's nets steers the work's stage. */
    static boolean steer(Work work) {
        return work.task().getGeneration().getControlsList().stream()
                .anyMatch(control ->
                        control.getNet().getStage().equals(work.stage().getName()));
    }

    /**
     * Those that steer the work's stage, in the request's order. Reads and resizes their pictures.
     *
     * @throws dev.weir.engine.ModelException that names one that the node does not have as the request means it
     * @throws dev.weir.picture.PictureException that names a picture that cannot be read
     */
    List<Control> of(Work work) {
        String stage = work.stage().getName();
        return work.task().getGeneration().getControlsList().stream()
                .filter(control -> control.getNet().getStage().equals(stage))
                .map(control -> new Control(
                        find(control.getNet()),
                        picture(work, control),
                        control.getScale(),
                        control.getStart(),
                        control.getEnd(),
                        control.getGuess()))
                .toList();
    }

    private ControlPicture picture(Work work, dev.weir.proto.v1.Control control) {
        Stage stage = work.stage();
        ByteString file = Inputs.digest(work, control.getImage());
        Supplier<ControlPicture> reading = () -> ControlPicture.of(
                PictureSteps.of(
                        Inputs.read(work, Inputs.file(control.getImage()), PictureReader::read)
                                .rgb(),
                        control.getResizing()),
                stage.getWidth(),
                stage.getHeight(),
                Preprocessor.named(control.getPreprocess()));
        return file.isEmpty()
                ? reading.get()
                : seen.get(
                        new Seen(
                                file,
                                control.getResizing(),
                                stage.getWidth(),
                                stage.getHeight(),
                                control.getPreprocess()),
                        reading);
    }

    private ControlNet find(dev.weir.proto.v1.ControlNet named) {
        return FilesHere.find(
                known.byName(), ControlNet::fingerprint, "ControlNet", named.getName(), named.getFingerprint());
    }
}
