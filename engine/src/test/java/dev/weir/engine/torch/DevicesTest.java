package dev.weir.engine.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DevicesTest {

    @Test
    void aProcessorWithBf16MatrixUnitsComputesInBf16() {
        assertThat(Devices.best(Set.of("avx512f", "avx512_bf16", "amx_bf16"))).isEqualTo(Precision.BF16);
        assertThat(Devices.best(Set.of("avx512f", "avx512_bf16"))).isEqualTo(Precision.FP32);
        assertThat(Devices.best(Set.of())).isEqualTo(Precision.FP32);
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
