package dev.weir.cli;

import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A number of bytes as people write it: {@code 12GB}, {@code 1.5g}, {@code 500 MB}. Units are powers of 1000. */
final class ByteSize implements ITypeConverter<Long> {

    private static final Pattern SIZE =
            Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?)\\s*([kmgt]?)b?", Pattern.CASE_INSENSITIVE);
    private static final List<String> UNITS = List.of("", "k", "m", "g", "t");

    @Override
    public Long convert(String text) {
        Matcher size = SIZE.matcher(text.strip());
        if (!size.matches()) {
            throw new TypeConversionException("'%s' is not a size such as 12GB or 500MB".formatted(text));
        }
        int unit = UNITS.indexOf(size.group(2).toLowerCase(Locale.ROOT));
        return new BigDecimal(size.group(1)).scaleByPowerOfTen(3 * unit).longValue();
    }
}
