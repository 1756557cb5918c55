package dev.weir.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which devices a process may compute on. */
class DeviceNamesTest {

    @ParameterizedTest
    @ValueSource(strings = {"auto", "cpu", "cuda", "cuda:1", "cuda:0,cuda:1", "cpu,cpu", "cuda,cuda:1,cpu"})
    void oneOrSeveral(String device) {
        assertThat(problems(device, Role.DENOISER)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "gpu | is none of auto, cpu, cuda, cuda:N",
                "cuda:0, | is none of auto, cpu, cuda, cuda:N",
                "cpu,banana | device: \"banana\" is none of auto",
                "auto,cpu | auto stands alone",
                "cuda,cuda:0 | cuda:0 is named twice",
                "cuda:1,cuda:0,cuda:1 | cuda:1 is named twice"
            })
    void whatIsNoneIsNamed(String device, String problem) {
        assertThat(problems(device, Role.UPSAMPLER)).singleElement().asString().contains(problem);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cpu,cpu", "cuda:0,cuda:1"})
    void stagesThatDoNotDiffuseHaveOne(String device) {
        assertThat(problems(device, Role.DECODER))
                .containsExactly("device: only denoisers and upsamplers run on several devices: \"" + device + "\"");
    }

    private static List<String> problems(String device, Role role) {
        var compute = new NodeConfig.Compute(List.of(Path.of(".")), device, "auto", 0);
        return new NodeConfig(Set.of(role), Optional.empty(), Optional.empty(), compute, NodeConfig.Limits.DEFAULT)
                .problems();
    }
}
