package dev.weir.engine;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * A model or a file beside models, rewritten as safetensors. Pickled weights are read and never run. Nothing is written before {@link
 * #write}, and what is written has its name only when it is whole.
 */
public sealed interface Conversion
        permits FileConversion,
                SingleFileConversion,
                FolderConversion,
                GuidedDiffusionConversion,
                GlideConversion,
                PointVoxelConversion {

    /** What is made of what, for people. */
    String about();

    /** Of the weights that are written. */
    long bytes();

    /**
     * Throws {@link ModelException} that says why it could not be written; nothing is left of it then.
     *
     * @param progress told how many bytes more are written
     */
    void write(LongConsumer progress);

    /**
     * Throws {@link ModelException} that says why the conversion is not possible.
     *
     * @param out a folder for a whole model, or the name of a safetensors file
     * @param overwrites whether a file there may be replaced; a folder never is
     */
    static Conversion of(Path in, Path out, boolean overwrites) {
        return of(in, out, overwrites, GuidedDiffusionOptions.NONE);
    }

    /**
     * See {@link #of(Path, Path, boolean)}.
     *
     * @param guided what original files of guided diffusion and GLIDE do not say
     */
    static Conversion of(Path in, Path out, boolean overwrites, GuidedDiffusionOptions guided) {
        return of(in, out, overwrites, guided, Optional.empty());
    }

    /**
     * See {@link #of(Path, Path, boolean)}.
     *
     * @param guided what original files of guided diffusion and GLIDE do not say
     * @param parts a diffusers folder with the parts of a model of which the file has the transformer
     */
    static Conversion of(Path in, Path out, boolean overwrites, GuidedDiffusionOptions guided, Optional<Path> parts) {
        Path target = out.toAbsolutePath().normalize();
        Path source = ModelPath.resolve(in);
        if (!Files.exists(source)) {
            throw new ModelException(in + ": no such file or folder");
        }
        boolean isFile = target.getFileName() != null && target.toString().endsWith(WeightFile.SAFETENSORS);
        if (isSame(source, target)) {
            throw new ModelException("%s and %s are the same file: give another name".formatted(in, out));
        }
        if (Files.exists(target) && (!isFile || !overwrites || Files.isDirectory(target))) {
            throw new ModelException("%s: it exists already. %s"
                    .formatted(out, isFile ? "Replace it with --overwrite" : "Give the name of a new folder"));
        }
        if (target.getParent() == null || !Files.isDirectory(target.getParent())) {
            throw new ModelException("%s: there is no folder %s: create it first".formatted(out, target.getParent()));
        }
        if (Files.isDirectory(source)) {
            requireNone(guided, in);
            requireNone(parts, in);
            if (isFile || target.startsWith(source)) {
                throw new ModelException(
                        "%s: %s is a folder. Give the name of a new folder outside of it".formatted(out, in));
            }
            return FolderConversion.of(source, target);
        }
        return ofFile(source, target, isFile, out, guided, parts);
    }

    private static Conversion ofFile(
            Path source, Path target, boolean isFile, Path out, GuidedDiffusionOptions guided, Optional<Path> parts) {
        if (!WeightFile.isPickled(source) && !SingleFile.isNamedSo(source)) {
            throw FileKind.of(source).at(source);
        }
        WeightFile file = WeightFile.open(source);
        if (isFile) {
            requireNone(guided, source);
            requireNone(parts, source);
            return new FileConversion(file, target);
        }
        Optional<TransformerFile> transformer = TransformerFile.of(file, parts);
        if (transformer.isPresent()) {
            requireNone(guided, source);
            return new SingleFileConversion(ModelSources.withAutoencoder(transformer.get()), target);
        }
        requireNone(parts, source);
        Optional<GuidedDiffusionConversion> adm = GuidedDiffusionConversion.of(file, target, guided);
        if (adm.isPresent()) {
            return adm.get();
        }
        Optional<GlideConversion> glide = GlideConversion.of(file, target, guided);
        if (glide.isPresent()) {
            return glide.get();
        }
        Optional<PointVoxelConversion> points = PointVoxelConversion.of(file, target, guided);
        if (points.isPresent()) {
            return points.get();
        }
        requireNone(guided, source);
        Optional<SingleFile> whole = SingleFile.of(file);
        if (whole.isEmpty()) {
            throw new ModelException(
                    "%s: %s has no whole model of Stable Diffusion 1.x, 2.x or SDXL, no transformer of Stable Diffusion 3, Flux.1 or Z-Image, and none of guided diffusion, GLIDE or point-voxel diffusion, so it becomes one file. Give a name that ends in %s"
                            .formatted(out, source, WeightFile.SAFETENSORS));
        }
        return new SingleFileConversion(whole.get(), target);
    }

    private static void requireNone(GuidedDiffusionOptions guided, Path source) {
        if (!guided.equals(GuidedDiffusionOptions.NONE)) {
            throw new ModelException(
                    source
                            + ": the options for guided diffusion, GLIDE and point-voxel diffusion are for one of their files and a new folder");
        }
    }

    private static void requireNone(Optional<Path> parts, Path source) {
        if (parts.isPresent()) {
            throw new ModelException(
                    source
                            + ": --parts is for a file with the transformer of Stable Diffusion 3, Flux.1 or Z-Image, and a new folder");
        }
    }

    private static boolean isSame(Path source, Path target) {
        return ModelPath.resolve(target).equals(source);
    }
}
