package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

final class ByteSizeTest {

    @ParameterizedTest
    @CsvSource({"12GB, 12000000000", "1.5g, 1500000000", "500 MB, 500000000", "7k, 7000", "1TB, 1000000000000", "42, 42"
    })
    void sizesAreReadAsPeopleWriteThem(String text, long bytes) {
        assertThat(new ByteSize().convert(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "GB", "-1GB", "12 apples", "1e9", "12GiBB", "99999999999999GB"})
    void whatIsNoSizeIsRefused(String text) {
        assertThatThrownBy(() -> new ByteSize().convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("is not a size such as 12GB");
    }
}
