package dev.weir.engine.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DevicesTest {

    @Test
    void aProcessorIsKnownByItsFlags(@TempDir Path folder) throws IOException {
        var info = Files.writeString(folder.resolve("cpuinfo"), "processor\t: 0\nflags\t\t: fpu amx_bf16 amx_tile\n");
        assertThat(Processor.flags(info)).containsExactlyInAnyOrder("fpu", "amx_bf16", "amx_tile");
        assertThat(Processor.flags(folder.resolve("elsewhere"))).isEmpty();
        assertThat(Processor.hasMatrixUnits(Set.of("avx512_bf16"))).isFalse();
        assertThat(Processor.hasMatrixUnits(Set.of("avx512_bf16", "amx_bf16"))).isTrue();
    }

    @Test
    void bf16IsChosenWhereThereAreMatrixUnitsForIt() {
        assertThat(Devices.best(Optional.of("cpu"), Optional.empty()).precision())
                .isEqualTo(Processor.hasMatrixUnits() ? Precision.BF16 : Precision.FP32);
    }

    @Test
    void bothChoicesCanBeOverruled() {
        assertThat(Devices.best(Optional.of("cpu"), Optional.of(Precision.BF16)))
                .isEqualTo(new ComputeTarget("cpu", Precision.BF16));
    }

    @Test
    void aDeviceThatIsNotThereIsRefused() {
        assertThatThrownBy(() -> Devices.best(Optional.of("cuda:99"), Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no device cuda:99");
        assertThatThrownBy(() -> Devices.best(Optional.of("tpu"), Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not tpu");
    }
}
