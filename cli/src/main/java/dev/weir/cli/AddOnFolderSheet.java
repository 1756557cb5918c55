package dev.weir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelReport;
import dev.weir.engine.weights.NamedFiles;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What {@code weir models inspect} says of a folder as people give it to {@code --lora-dir} and the like: of each file in it. Folders below
 * it count where they are one ControlNet or T2I-Adapter.
 *
 * @param others safetensors files of other kinds, and those that cannot be read
 */
record AddOnFolderSheet(Path folder, List<AddOnSheet> files, List<ModelReport> others) implements AddOnSheet {

    /** Empty for a model, a folder of models, and a folder with no file that requests name. */
    static Optional<AddOnSheet> of(Path folder) {
        if (!Files.isDirectory(folder) || isModel(folder)) {
            return Optional.empty();
        }
        List<AddOnSheet> files = new ArrayList<>();
        List<ModelReport> others = new ArrayList<>();
        try {
            List<Path> places = NamedFiles.list(folder, place -> true);
            if (places.stream().anyMatch(AddOnFolderSheet::isModel)) {
                return Optional.empty();
            }
            for (Path place : places) {
                Optional<AddOnSheet> sheet = AddOnSheet.one(place);
                sheet.ifPresent(files::add);
                if (sheet.isEmpty() && place.toString().endsWith(".safetensors")) {
                    others.add(ModelReport.inspect(place));
                }
            }
        } catch (ModelException e) {
            return Optional.empty();
        }
        return files.isEmpty() ? Optional.empty() : Optional.of(new AddOnFolderSheet(folder, files, others));
    }

    private static boolean isModel(Path folder) {
        return Files.exists(folder.resolve("model_index.json"));
    }

    @Override
    public boolean runs() {
        return files.stream().allMatch(AddOnSheet::runs) && others.stream().allMatch(ModelReport::runs);
    }

    @Override
    public void print(PrintWriter out) {
        for (AddOnSheet file : files) {
            file.print(out);
            out.println();
        }
        others.forEach(other -> out.println(summary(other)));
    }

    @Override
    public ObjectNode toJson() {
        ObjectNode all = JsonNodeFactory.instance
                .objectNode()
                .put("path", folder.toString())
                .put("form", "a folder of files beside models")
                .put("runs", runs());
        ArrayNode described = all.putArray("files");
        files.forEach(file -> described.add(file.toJson()));
        ArrayNode named = all.putArray("others");
        others.forEach(other -> named.add(summary(other)));
        return all;
    }

    private static String summary(ModelReport other) {
        return other.problem().orElse(other.path() + (other.runs() ? ": a model" : ": a model that does not run"));
    }
}
