package dev.weir.tests;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.Set;

/** One slice for each service. Other classes belong to none. */
final class ServiceSlices implements SliceAssignment {

    private static final Set<String> SERVICES = Set.of("textencoder", "denoiser", "upsampler", "decoder");

    @Override
    public SliceIdentifier getIdentifierOf(JavaClass type) {
        String[] parts = type.getPackageName().split("\\.");
        return parts.length > 2 && SERVICES.contains(parts[2])
                ? SliceIdentifier.of(parts[2])
                : SliceIdentifier.ignore();
    }

    @Override
    public String getDescription() {
        return "each service";
    }
}
