package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.pipeline.PipelineType;
import dev.weir.engine.pipeline.PipelineTypes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A family of pipelines is known by its {@link PipelineType} alone: no other code decides by its name. */
class FamiliesTest {

    /** These tell owners of other files how to convert them with diffusers. They decide nothing. */
    private static final Set<String> ADVICE = Set.of("Refusal.java", "ModelOptions.java");

    /** Types that extend another one, which they name. */
    private static final Set<String> EXTENDING = Set.of(
            "LatentCascade",
            "RefinedStableDiffusionXl",
            "LatentConsistency",
            "InstructPix2Pix",
            "DeepFloydIf",
            "LatentSuperResolution");

    private static final Pattern WORD = Pattern.compile("\\w+");

    @Test
    void theNameOfAFamilyIsInItsPipelineTypeAndNowhereElse() throws IOException {
        Set<String> names = new TreeSet<>();
        for (PipelineType type : PipelineTypes.all()) {
            names.addAll(type.classNames());
            names.add(type.getClass().getSimpleName());
        }
        assertThat(names).contains("StableDiffusionXLPipeline", "LatentCascade");
        for (Path file : mainSources()) {
            String own = file.getFileName().toString().replace(".java", "");
            assertThat(wordsOf(Files.readString(file)).filter(names::contains))
                    .as(file.toString())
                    .allSatisfy(name -> assertThat(isHome(own, name)).isTrue());
        }
    }

    /** The registry names all types, and a type names itself. */
    private static boolean isHome(String file, String name) {
        return PipelineTypes.all().stream()
                .anyMatch(type -> type.getClass().getSimpleName().equals(file)
                        && (type.classNames().contains(name)
                                || type.getClass().getSimpleName().equals(name)
                                || EXTENDING.contains(file)));
    }

    private static List<Path> mainSources() throws IOException {
        List<Path> sources = new ArrayList<>();
        for (Path module : modules()) {
            try (Stream<Path> files = Files.walk(module)) {
                files.filter(file -> file.toString().endsWith(".java"))
                        .filter(file -> !ADVICE.contains(file.getFileName().toString()))
                        .filter(file -> !file.endsWith("PipelineTypes.java"))
                        .forEach(sources::add);
            }
        }
        assertThat(sources).hasSizeGreaterThan(200);
        return sources;
    }

    private static List<Path> modules() throws IOException {
        try (Stream<Path> modules = Files.list(Repository.ROOT)) {
            return modules.map(module -> module.resolve("src/main/java"))
                    .filter(Files::isDirectory)
                    .toList();
        }
    }

    /** Names and words of texts, without comments. */
    private static Stream<String> wordsOf(String code) {
        String bare = code.replaceAll("(?s)/\\*.*?\\*/", "").replaceAll("(?m)//.*$", "");
        return WORD.matcher(bare).results().map(MatchResult::group);
    }
}
