package dev.weir.engine.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class DevicesTest {

    @Test
    void aProcessorIsKnownByItsFlags(@TempDir Path folder) throws IOException {
        var info = Files.writeString(folder.resolve("cpuinfo"), "processor\t: 0\nflags\t\t: fpu amx_bf16 amx_tile\n");
        assertThat(Processor.flags(info)).containsExactlyInAnyOrder("fpu", "amx_bf16", "amx_tile");
        assertThat(Processor.flags(folder.resolve("elsewhere"))).isEmpty();
        assertThat(Processor.hasMatrixUnits(Set.of("avx512_bf16"), Optional.empty()))
                .isFalse();
        assertThat(Processor.hasMatrixUnits(Set.of("avx512_bf16", "amx_bf16"), Optional.empty()))
                .isTrue();
    }

    /** oneDNN keeps to the limit, and refuses to pack bf16 weights below it. */
    @ParameterizedTest
    @CsvSource({
        "ONEDNN_MAX_CPU_ISA,AVX2,false",
        "ONEDNN_MAX_CPU_ISA,avx512_core_bf16,false",
        "DNNL_MAX_CPU_ISA,AVX512_CORE,false",
        "ONEDNN_MAX_CPU_ISA,AVX512_CORE_AMX,true",
        "ONEDNN_MAX_CPU_ISA,AVX10_1_512_AMX_FP16,true",
        "ONEDNN_MAX_CPU_ISA,DEFAULT,true",
        "ONEDNN_MAX_CPU_ISA,nonsense,true",
        "ONEDNN_MAX_CPU_ISA,'',true",
        "OTHER,AVX2,true"
    })
    void matrixUnitsCountWhereTheEnvironmentLetsOneDnnUseThem(String name, String value, boolean expected) {
        var limit = Processor.limit(Map.of(name, value));
        assertThat(Processor.hasMatrixUnits(Set.of("amx_bf16"), limit)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "avx512,AVX2,avx512-onednn-avx2",
        "avx512,avx2_vnni,avx512-onednn-avx2",
        "avx2,SSE41,avx2-onednn-sse41",
        "amx,AVX512_CORE_BF16,amx-onednn-avx512",
        "amx,AVX512_CORE_AMX,amx",
        "avx512,AVX512_CORE_AMX,avx512",
        "avx512,AVX10_1_512,avx512",
        "avx2,AVX512_CORE,avx2",
        "avx2,DEFAULT,avx2",
        "aarch64,DEFAULT,aarch64"
    })
    void theLimitOfOneDnnIsPartOfTheInstructionSetThatLibtorchUses(String widest, String limit, String expected) {
        assertThat(Processor.limited(widest, Processor.limit(Map.of("ONEDNN_MAX_CPU_ISA", limit))))
                .isEqualTo(expected);
        assertThat(Processor.limited(widest, Optional.empty())).isEqualTo(widest);
    }

    @Test
    void aLimitBelowAvx512IsSeen() {
        assumeTrue(
                Processor.limit(System.getenv())
                        .filter(limit -> limit.matches("\\w+=(?i:AVX2)"))
                        .isPresent(),
                "ONEDNN_MAX_CPU_ISA is not AVX2");
        assertThat(Processor.supports(Precision.FP32)).isTrue();
        assertThat(Processor.supports(Precision.BF16)).isFalse();
        assertThat(Processor.supports(Precision.FP16)).isFalse();
        assertThat(Processor.hasMatrixUnits()).isFalse();
    }

    @Test
    void bf16IsSupportedWithAvx512AndNoLimit() {
        assumeTrue(
                Processor.limit(System.getenv()).isEmpty()
                        && Processor.flags(Path.of("/proc/cpuinfo")).contains("avx512bw"),
                "this CPU has no AVX-512, or oneDNN is limited");
        assertThat(Processor.supports(Precision.BF16)).isTrue();
    }

    @Test
    void bf16IsChosenWhereThereAreMatrixUnitsForIt() {
        assertThat(Devices.best(Optional.of("cpu"), Optional.empty()).precision())
                .isEqualTo(Processor.hasMatrixUnits() ? Precision.BF16 : Precision.FP32);
    }

    @Test
    void bothChoicesCanBeOverruled() {
        assumeTrue(Processor.supports(Precision.BF16), "oneDNN does not compute in bf16 on this CPU");
        assertThat(Devices.best(Optional.of("cpu"), Optional.of(Precision.BF16)))
                .isEqualTo(new ComputeTarget("cpu", Precision.BF16));
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "FP16"})
    void aPrecisionThatTheProcessorDoesNotHaveIsRefusedInOneLine(Precision precision) {
        assumeFalse(Processor.supports(precision), "oneDNN computes in " + precision + " on this CPU");
        assertThatThrownBy(() -> Devices.best(Optional.of("cpu"), Optional.of(precision)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageMatching("oneDNN cannot compute in (bf16|fp16) on this CPU \\(.+\\): "
                        + "that needs AVX.+; use fp32 or auto");
    }

    @Test
    void aDeviceThatIsNotThereIsRefused() {
        assertThatThrownBy(() -> Devices.best(Optional.of("cuda:99"), Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "there is no device cuda:99: this libtorch is not for CUDA; PYTORCH_LIBRARY_PATH names another"
                                + " one");
        assertThatThrownBy(() -> Devices.best(Optional.of("tpu"), Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not tpu");
    }

    @Test
    void theWidestInstructionSetIsNamed() {
        var avx512 = Set.of("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx2", "fma");
        assertThat(Processor.instructionSet(avx512, "amd64")).isEqualTo("avx512");
        assertThat(Processor.instructionSet(Set.of("avx2", "fma", "avx512f"), "amd64"))
                .isEqualTo("avx2");
        assertThat(Processor.instructionSet(Set.of(), "aarch64")).isEqualTo("aarch64");
    }

    @Test
    void memoryIsKnownOrGuessedOfEachDevice() {
        assertThat(Devices.memory(new ComputeTarget("cpu", Precision.FP32))).isGreaterThan(1L << 28);
        assertThat(Devices.memory(new ComputeTarget("cuda:0", Precision.FP16))).isGreaterThan(1L << 30);
    }
}
