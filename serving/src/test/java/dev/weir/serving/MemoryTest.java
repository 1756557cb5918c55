package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MemoryTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CUDA out of memory. Tried to allocate 20.00 GiB",
                "DefaultCPUAllocator: can't allocate memory: you tried to allocate 68719476736 bytes.",
                "Error code - ORT_RUNTIME_EXCEPTION - message: Non-zero status code returned while running MatMul node. "
                        + "Name:'matmul_7' Status Message: std::bad_alloc",
                "Status Message: bad allocation",
                "bfc_arena.cc:376 Failed to allocate memory for requested buffer of size 1073741824"
            })
    void bothEnginesWordsForAFullDeviceAreKnown(String message) {
        assertThat(Memory.isExhausted(new IllegalStateException(new RuntimeException(message))))
                .isTrue();
    }

    @Test
    void otherProblemsAreNone() {
        assertThat(Memory.isExhausted(new IllegalStateException("shapes do not match")))
                .isFalse();
        assertThat(Memory.isExhausted(new OutOfMemoryError())).isTrue();
    }
}
