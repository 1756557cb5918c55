package dev.weir.gateway.ledger;

import dev.weir.gateway.GatewayConfig.Results.Bucket;
import java.time.Duration;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/** Makes the client of a bucket. Credentials come from where AWS's own tools look for them. */
final class BucketClient {

    private static final Duration CALL = Duration.ofSeconds(20);
    private static final Duration ATTEMPT = Duration.ofSeconds(8);

    private BucketClient() {}

    static S3Client of(Bucket bucket) {
        S3ClientBuilder client = S3Client.builder()
                .httpClientBuilder(UrlConnectionHttpClient.builder())
                .region(region())
                // Without it a bucket of another region answers with a redirect that the client does not follow.
                .crossRegionAccessEnabled(bucket.endpoint().isEmpty())
                .overrideConfiguration(limits -> limits.apiCallTimeout(CALL).apiCallAttemptTimeout(ATTEMPT))
                // Other servers do not know the checksums that the client sends without being asked.
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED);
        bucket.endpoint().ifPresent(server -> client.endpointOverride(server)
                // A server of one's own has no host name for each bucket.
                .forcePathStyle(true));
        return client.build();
    }

    private static Region region() {
        try {
            return DefaultAwsRegionProviderChain.builder().build().getRegion();
        } catch (SdkClientException unknown) {
            return Region.US_EAST_1;
        }
    }
}
